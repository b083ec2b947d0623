// What `main` begins before it loads the rest of the agent, which takes longer than all of this: signals are kept, and Envoy is
// asked for its version. It is free of Effect.
import { existsSync } from "node:fs"
import { type HandledSignal, handledSignals } from "../../services/handledSignals.ts"
import { envoyCandidates } from "./envoyCandidates.ts"
import { closeDebugger } from "./nodeDebugger.ts"
import { probeBestWrapper, type WrapperProbe } from "./wrapperProbe.ts"

/** Signals that came before the agent could act on them. */
export interface KeptSignals {
  /** Those that came so far. Later ones do not end the process either. */
  readonly take: () => ReadonlyArray<HandledSignal>
  /** For a program that acts on none: from now on they do what they usually do, and so do those that came. */
  readonly release: () => void
}

/** Keeps signals from now on. Until then each ends the process, or is lost where that is process 1. */
export const keepSignals = (): KeptSignals => {
  const signals: Array<HandledSignal> = []
  const keep = (name: HandledSignal) => void signals.push(name)
  for (const name of handledSignals) process.on(name, keep)
  return {
    take: () => signals.splice(0),
    release: () => {
      for (const name of handledSignals) process.off(name, keep)
      for (const name of signals) process.kill(process.pid, name)
    }
  }
}

export interface EarlyStart {
  /** Undefined where no Envoy was found. */
  readonly probe: WrapperProbe | undefined
  readonly signals: KeptSignals
  /** Whether a signal had opened Node's debugger. */
  readonly wasDebuggerOpen: boolean
}

/**
 * Starts the Envoy that the settings will most likely name, through its wrapper: that tries the wrapper and asks for the version
 * by one process. The version shapes a generated bootstrap alone, so that a bootstrap of the user's own does not wait for it.
 */
export const startEarly = (environment: NodeJS.ProcessEnv, signals: KeptSignals): EarlyStart => {
  const setting = (name: string) => environment[name]?.trim() || undefined
  const path = envoyCandidates(setting("APPNET_ENVOY_PATH"), environment.PATH).find((candidate) =>
    existsSync(candidate)
  )
  const hasOwnBootstrap = setting("ENVOY_CONFIG_FILE") !== undefined
  const probe = path === undefined ? undefined : probeBestWrapper(hasOwnBootstrap ? undefined : path)
  return { probe, signals, wasDebuggerOpen: closeDebugger() }
}

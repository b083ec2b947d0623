// What `main` begins before it loads the rest of the agent, which takes longer than all of this: Envoy is asked for its version,
// and stop signals are kept. It is free of Effect.
import { existsSync } from "node:fs"
import { type StopSignal, stopSignals } from "../../services/stopSignals.ts"
import { envoyCandidates } from "./envoyCandidates.ts"
import { probeBestWrapper, type WrapperProbe } from "./wrapperProbe.ts"

export interface EarlyStart {
  /** Undefined where no Envoy was found. */
  readonly probe: WrapperProbe | undefined
  /** Stops keeping signals, and hands over those that came. */
  readonly takeSignals: () => ReadonlyArray<StopSignal>
}

/**
 * Starts the Envoy that the settings will most likely name, through its wrapper: that tries the wrapper and asks for the version
 * by one process. The version shapes a generated bootstrap alone, so that a bootstrap of the user's own does not wait for it.
 */
export const startEarly = (environment: NodeJS.ProcessEnv): EarlyStart => {
  const signals: Array<StopSignal> = []
  const keep = (name: StopSignal) => void signals.push(name)
  for (const name of stopSignals) process.on(name, keep)
  const setting = (name: string) => environment[name]?.trim() || undefined
  const path = envoyCandidates(setting("APPNET_ENVOY_PATH"), environment.PATH).find((candidate) =>
    existsSync(candidate)
  )
  const hasOwnBootstrap = setting("ENVOY_CONFIG_FILE") !== undefined
  return {
    probe: path === undefined ? undefined : probeBestWrapper(hasOwnBootstrap ? undefined : path),
    takeSignals: () => {
      for (const name of stopSignals) process.off(name, keep)
      return signals
    }
  }
}

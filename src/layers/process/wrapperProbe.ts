import { readFileSync, realpathSync } from "node:fs"
import { envoyEnvironment } from "./envoyEnvironment.ts"
import { type SpawnedChild, spawnChild } from "./spawnChild.ts"
import { hasOwnSetpriv, holdsNetAdmin, type Wrapper, wrapperCandidates } from "./wrapper.ts"

const realPath = (path: string) => {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** Whether this process can hand NET_ADMIN on. False where /proc does not say. */
export const hasNetAdmin = (): boolean => {
  try {
    const ownSetpriv = hasOwnSetpriv(process.env.PATH, realPath)
    return holdsNetAdmin(readFileSync("/proc/self/status", "latin1"), process.getuid?.() ?? 0, ownSetpriv)
  } catch {
    return false
  }
}

/** A trial of a wrapper: a program is started by it, and ends with 0 if the wrapper works. */
export interface WrapperProbe {
  readonly wrapper: Wrapper
  /** The Envoy that is asked for its version by this trial; undefined if the program is `true`. */
  readonly envoyPath: string | undefined
  readonly command: string
  readonly child: SpawnedChild
}

export const probeWrapper = (wrapper: Wrapper, envoyPath: string | undefined): WrapperProbe => {
  const [command, ...words] = [...wrapper, ...(envoyPath === undefined ? ["true"] : [envoyPath, "--version"])]
  const program = command ?? "true"
  const child = spawnChild(program, words, { env: envoyEnvironment(), output: "capture" })
  return { wrapper, envoyPath, command: program, child }
}

/** Tries the best wrapper for this process. */
export const probeBestWrapper = (envoyPath: string | undefined): WrapperProbe =>
  probeWrapper(wrapperCandidates(hasNetAdmin())[0] ?? [], envoyPath)

// What `main` begins before the rest of the agent is loaded: Envoy tells its version, and no signal is lost, while this
// process still reads its own code. So nothing but Node is imported here.
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { type StopSignal, stopSignals } from "../../services/stopSignals.ts"
import { envoyCandidates } from "./envoyCandidates.ts"
import { envoyEnvironment } from "./envoyEnvironment.ts"

/** A running `envoy --version`. */
export interface VersionQuestion {
  readonly path: string
  /** What it printed; empty where it did not succeed. Never rejects. */
  readonly output: Promise<string>
  readonly cancel: () => void
}

export const askVersion = (path: string): VersionQuestion => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const child = execFile(
    path,
    ["--version"],
    { timeout: 5000, killSignal: "SIGKILL", env: envoyEnvironment() },
    (error, stdout) => resolve(error === null ? stdout : "")
  )
  child.once("error", () => resolve(""))
  return { path, output: promise, cancel: () => child.kill("SIGKILL") }
}

export interface HeadStart {
  readonly version: VersionQuestion | undefined
  /** Ends the keeping of signals, and hands over those that came. */
  readonly takeSignals: () => ReadonlyArray<StopSignal>
}

/** Begins with the Envoy that the settings will name, most likely. */
export const headStart = (environment: NodeJS.ProcessEnv): HeadStart => {
  const signals: Array<StopSignal> = []
  const keep = (name: StopSignal) => void signals.push(name)
  for (const name of stopSignals) process.on(name, keep)
  const asked = environment.APPNET_ENVOY_PATH?.trim() || undefined
  const path = envoyCandidates(asked, environment.PATH).find((candidate) => existsSync(candidate))
  return {
    version: path === undefined ? undefined : askVersion(path),
    takeSignals: () => {
      for (const name of stopSignals) process.off(name, keep)
      return signals
    }
  }
}

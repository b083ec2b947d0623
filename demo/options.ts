// What the user may set: all of it is documented in the README.
import { DemoError } from "./DemoError.ts"

export interface DemoOptions {
  /** Seconds of traffic, after which the demo stops by itself; undefined: until somebody stops it. */
  readonly trafficSeconds: number | undefined
  /** Seconds within which the mesh must become HEALTHY. */
  readonly startSeconds: number
}

/** A timer of Node's takes at most 2^31 ms. */
const maximumSeconds = 2_000_000

const secondsFrom = (environment: NodeJS.ProcessEnv, name: string): number | undefined => {
  const text = environment[name]?.trim() ?? ""
  if (text === "") return undefined
  const seconds = Number(text)
  if (seconds > 0 && seconds <= maximumSeconds) return seconds
  throw new DemoError(`${name}=${text} is invalid: expected seconds, more than 0 and at most ${maximumSeconds}`)
}

export const readOptions = (environment: NodeJS.ProcessEnv): DemoOptions => ({
  trafficSeconds: secondsFrom(environment, "DEMO_SECONDS"),
  startSeconds: secondsFrom(environment, "DEMO_START_SECONDS") ?? 60
})

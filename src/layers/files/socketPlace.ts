import * as fs from "node:fs"
import { Effect, Result, Schedule } from "effect"
import { socketFileAt } from "./socketFile.ts"

/** What is at a path where a program would put its socket, and would have to be removed for it. */
export interface Occupant {
  /** A process listens there; else the file is none that a program may take for an old socket of its own. */
  readonly isLive: boolean
  /** `a FIFO`. */
  readonly what: string
}

const fileKind = (status: fs.Stats): string => {
  if (status.isSymbolicLink()) return "a symbolic link"
  if (status.isDirectory()) return "a folder"
  if (status.isFIFO()) return "a FIFO"
  return status.isFile() ? "a file" : "a device"
}

/** A unix socket in the abstract namespace is not a file. */
const isAbstract = (path: string) => path.startsWith("@")

/** Undefined where the place is free: there is nothing, or a socket on which nobody listens. */
export const occupantOf = Effect.fnUntraced(function* (path: string) {
  if (isAbstract(path)) return undefined
  const status = Result.getOrUndefined(Result.try(() => fs.lstatSync(path, { throwIfNoEntry: false })))
  if (status === undefined) return undefined
  if (!status.isSocket()) return { isLive: false, what: fileKind(status) } satisfies Occupant
  const found = yield* socketFileAt(path)
  if (found === "Listening") return { isLive: true, what: "a socket on which a process listens" } satisfies Occupant
  if (found === "Unknown") {
    return { isLive: true, what: "a socket that this user may not connect to" } satisfies Occupant
  }
  return undefined
})

/** A process that is being killed may hold its socket for a moment longer than the agent that has been killed with it. */
const endOfOthers = Schedule.spaced("100 millis").pipe(Schedule.upTo({ times: 20 }))

/** The same, for a program that is about to be started. */
export const lastingOccupantOf = (path: string): Effect.Effect<Occupant | undefined> =>
  occupantOf(path).pipe(Effect.repeat({ schedule: endOfOthers, while: (found) => found?.isLive === true }))

import type { AdminRequest } from "./EnvoyModel.ts"

/** What goes wrong with an answer of the admin. */
export type AdminFault =
  /** It comes so many milliseconds late; what was asked is done before. */
  | { readonly _tag: "Slow"; readonly delay: number }
  /** It breaks off after so many bytes. */
  | { readonly _tag: "Torn"; readonly after: number }
  /** Something else comes in its place. */
  | { readonly _tag: "Replaced"; readonly status: number; readonly body: string }
  /** What was asked is done, but nothing ever comes. */
  | { readonly _tag: "Silent" }
  /** The connection breaks. Whether what was asked is done before is `isDone`. */
  | { readonly _tag: "Reset"; readonly isDone: boolean }
  /** Nobody listens. */
  | { readonly _tag: "Refused" }

/** How Envoys fail by themselves. What comes from outside is a signal. */
export interface EnvoyFaults {
  /** Every request that matches has this fault, until the returned function is called. */
  readonly admin: (fault: AdminFault, matches?: (request: AdminRequest) => boolean) => () => void
  /** The main thread is busy for so many milliseconds: the admin waits, traffic goes on. */
  readonly hangMainThread: (duration: number) => void
  /** Every answer of the admin takes so many milliseconds of the main thread, as where there are thousands of clusters. */
  readonly answersTake: (duration: number) => void
  readonly crash: (how: "segmentation fault" | "abort" | "out of memory") => void
  /** Ends by itself with this code. */
  readonly exit: (code: number) => void
  /** Prints this line, whatever the level. */
  readonly print: (line: string, to?: "stdout" | "stderr") => void
}

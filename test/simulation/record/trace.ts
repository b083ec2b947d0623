import type { Scenario } from "./scenario.ts"

/** A value from a moment on, until that of the next. */
export type Series<A> = ReadonlyArray<readonly [at: number, value: A]>

export interface Answered {
  /** The number of the step. */
  readonly step: number
  readonly status: number
  /** Its first lines. */
  readonly body: string
  readonly took: number
}

/** What was seen of an Envoy, real or not. Times are in milliseconds since it was started. */
export interface Observed {
  /** Status and body of `/ready`; `refused` and `reset` where there was no answer. */
  readonly ready: Series<string>
  readonly stats: Readonly<Record<string, Series<number>>>
  readonly answers: ReadonlyArray<Answered>
  /** `code 0`, `SIGKILL`. */
  readonly exit: readonly [at: number, how: string] | undefined
  /** Lines of its output that tell why it ended. */
  readonly words: ReadonlyArray<string>
}

export interface Trace {
  readonly scenario: Scenario
  readonly envoy: string
  readonly observed: Observed
}

/** Lines of a body that a trace keeps. */
const longestBody = 30

export const beginningOf = (body: string): string => body.split("\n").slice(0, longestBody).join("\n")

/** What a trace keeps of a line of output: the text behind time, thread, level, logger and place. */
export const wordsOf = (line: string): string | undefined => {
  const text = line.replace(/^\[[^\]]*\]\[[^\]]*\]\[(\w+)\]\[(\w+)\] \[[^\]]*\] /, "$1 $2: ")
  const isTold = /^(?:critical|error) |^warning main: caught|main: exiting|shutting down|^cannot |^unable /.test(text)
  if (!isTold || (text.startsWith("critical backtrace") && !text.includes("Caught"))) return undefined
  return text
    .replace(/ initializing config .*/, "")
    .replace(/0x[0-9a-f]+/g, "0x")
    .slice(0, 160)
}

export const makeSeries = <A>() => {
  const series: Array<readonly [number, A]> = []
  return {
    series,
    see: (at: number, value: A) => {
      if (series.at(-1)?.[1] !== value) series.push([Math.round(at), value])
    }
  }
}

/** Stats whose values are times or hashes, and those of single workers, which differ from run to run. */
export const isCompared = (stat: string): boolean =>
  !/thread_local|update_time|version|config_reload|time_ms|worker_|duration|workers_pinned|update_merge|via_merge/.test(
    stat
  )

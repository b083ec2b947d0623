import type { Level, Loggers } from "./loggers.ts"

/** Writes lines as Envoy does. */
export type EnvoyLog = (level: Level, logger: string, text: string) => void

const pad = (number: number, digits = 2) => `${number}`.padStart(digits, "0")

const stamp = (milliseconds: number) => {
  const at = new Date(milliseconds)
  const day = `${at.getUTCFullYear()}-${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())}`
  const time = `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`
  return `${day} ${time}.${pad(at.getUTCMilliseconds(), 3)}`
}

export const makeEnvoyLog =
  ({
    loggers,
    output,
    pid,
    wallClock
  }: {
    readonly loggers: () => Loggers
    readonly output: (line: string, to: "stdout" | "stderr") => void
    readonly pid: number
    readonly wallClock: () => number
  }): EnvoyLog =>
  (level, logger, text) => {
    if (!loggers().prints(logger, level)) return
    output(`[${stamp(wallClock())}][${pid}][${level}][${logger}] [source/server/server.cc:1] ${text}`, "stderr")
  }

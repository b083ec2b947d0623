import { Cause, Logger } from "effect"

const levels: Readonly<Record<string, string>> = {
  Trace: "trace",
  Debug: "debug",
  Info: "info",
  Warn: "warning",
  Error: "error",
  Fatal: "critical"
}

const pad = (value: number, width: number) => `${value}`.padStart(width, "0")

/** `2026-01-31 12:00:00.123`, in the local time zone, as Envoy writes it. */
const timestamp = (date: Date) =>
  `${date.getFullYear()}-${pad(date.getMonth() + 1, 2)}-${pad(date.getDate(), 2)} ` +
  `${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)}.${pad(date.getMilliseconds(), 3)}`

const show = (part: unknown) => {
  if (typeof part === "string") return part
  return part instanceof Error ? (part.stack ?? part.message) : JSON.stringify(part)
}

/** Lines like Envoy's: `[2026-01-31 12:00:00.123][PID][info] [AppNet Agent] message`. */
export const envoyFormat = Logger.make<unknown, string>(({ cause, date, logLevel, message }) => {
  const words = (Array.isArray(message) ? message : [message]).map(show)
  if (cause.reasons.length > 0) words.push(Cause.pretty(cause))
  const head = `[${timestamp(date)}][${process.pid}][${levels[logLevel] ?? "info"}] [AppNet Agent] `
  return words
    .join(" ")
    .split("\n")
    .map((line) => head + line)
    .join("\n")
})

/** Agent lines go to standard error; standard output belongs to commands and to Envoy. */
export const LoggerLive = Logger.layer([Logger.withConsoleError(envoyFormat)])

import { Cause, Effect, Layer, Logger } from "effect"
import { Config } from "../../services/Config.ts"
import type { OutputName } from "../../services/LogFiles.ts"
import { LogFiles } from "../../services/LogFiles.ts"
import type { Settings } from "../../services/Settings.ts"
import { logDestination, placeOf } from "./destination.ts"
import { writeOwn } from "./ownOutput.ts"

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

const wordsOf = (message: unknown) => (Array.isArray(message) ? message : [message]).map(show)

/** Lines like Envoy's: `[2026-01-31 12:00:00.123][PID][info] [AppNet Agent] message`. */
export const envoyFormat = Logger.make<unknown, string>(({ cause, date, logLevel, message }) => {
  const words = wordsOf(message)
  if (cause.reasons.length > 0) words.push(Cause.pretty(cause))
  const head = `[${timestamp(date)}][${process.pid}][${levels[logLevel] ?? "info"}] [AppNet Agent] `
  return words
    .join(" ")
    .split("\n")
    .map((line) => head + line)
    .join("\n")
})

/** One JSON object a line. */
export const jsonFormat = Logger.make<unknown, string>(({ cause, date, logLevel, message }) =>
  JSON.stringify({
    time: date.toISOString(),
    level: levels[logLevel] ?? "info",
    pid: process.pid,
    source: "AppNet Agent",
    message: wordsOf(message).join(" "),
    cause: cause.reasons.length > 0 ? Cause.pretty(cause) : undefined
  })
)

/** The form that the settings ask for. */
export const formatInForce = (settings: Settings): Logger.Logger<unknown, string> =>
  settings.APPNET_AGENT_LOG_FORMAT === "json" ? jsonFormat : envoyFormat

/** Agent lines go to standard error; standard output belongs to commands and to Envoy. */
export const LoggerLive = Logger.layer([Logger.withConsoleError(envoyFormat)])

/** To the agent's own output, without ever waiting for it. */
const linesTo = (name: OutputName, format: Logger.Logger<unknown, string>) =>
  Logger.map(format, (line) => writeOwn(name, `${line}\n`))

/** The same, in the form that the settings ask for. */
export const LoggerInForce = Layer.unwrap(
  Effect.map(Config, ({ settings }) => Logger.layer([linesTo("stderr", formatInForce(settings))]))
)

/** Agent lines go where Envoy's go: to the log file that the settings name, if they do. */
export const LoggerToDestination = Layer.unwrap(
  Effect.gen(function* () {
    const { settings } = yield* Config
    const format = formatInForce(settings)
    const destination = logDestination(placeOf(settings, "main"))
    switch (destination._tag) {
      case "Own":
        return Logger.layer([linesTo("stderr", format)])
      case "Stream":
        return Logger.layer([linesTo(destination.name, format)])
      case "File": {
        const { offer } = yield* (yield* LogFiles).at(destination.path)
        return Logger.layer([Logger.map(format, offer)])
      }
    }
  })
)

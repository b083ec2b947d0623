import { Cause, Effect, Layer, Logger, type LogLevel, References } from "effect"
import { Config } from "../../services/Config.ts"
import type { OutputName } from "../../services/LogFiles.ts"
import { LogFiles } from "../../services/LogFiles.ts"
import type { Settings } from "../../services/Settings.ts"
import { writeToAgentOutput } from "./agentOutput.ts"
import { logDestination, logLocation } from "./destination.ts"

/** Effect's log levels by Envoy's names for them; of two names for one level, the last is printed. */
const effectLevels = {
  trace: "Trace",
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  warning: "Warn",
  error: "Error",
  critical: "Fatal",
  off: "None"
} as const

const envoyLevels = new Map<LogLevel.LogLevel, string>(
  Object.entries(effectLevels).map(([envoyLevel, effectLevel]) => [effectLevel, envoyLevel])
)

const pad = (value: number, width: number) => `${value}`.padStart(width, "0")

/** `2026-01-31 12:00:00.123`, in the local time zone, as Envoy writes it. */
const timestamp = (date: Date) =>
  `${date.getFullYear()}-${pad(date.getMonth() + 1, 2)}-${pad(date.getDate(), 2)} ` +
  `${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)}.${pad(date.getMilliseconds(), 3)}`

const formatPart = (part: unknown) => {
  if (typeof part === "string") return part
  return part instanceof Error ? (part.stack ?? part.message) : JSON.stringify(part)
}

const formatParts = (message: unknown) => (Array.isArray(message) ? message : [message]).map(formatPart)

/** Lines like Envoy's: `[2026-01-31 12:00:00.123][PID][info] [AppNet Agent] message`. */
export const envoyFormat = Logger.make<unknown, string>(({ cause, date, logLevel, message }) => {
  const parts = formatParts(message)
  if (cause.reasons.length > 0) parts.push(Cause.pretty(cause))
  const prefix = `[${timestamp(date)}][${process.pid}][${envoyLevels.get(logLevel) ?? "info"}] [AppNet Agent] `
  return parts
    .join(" ")
    .split("\n")
    .map((line) => prefix + line)
    .join("\n")
})

/** One line with a JSON object for each message. */
export const jsonFormat = Logger.make<unknown, string>(({ cause, date, logLevel, message }) =>
  JSON.stringify({
    time: date.toISOString(),
    level: envoyLevels.get(logLevel) ?? "info",
    pid: process.pid,
    source: "AppNet Agent",
    message: formatParts(message).join(" "),
    cause: cause.reasons.length > 0 ? Cause.pretty(cause) : undefined
  })
)

/** The format that `APPNET_AGENT_LOG_FORMAT` names. */
export const configuredFormat = (settings: Settings): Logger.Logger<unknown, string> =>
  settings.APPNET_AGENT_LOG_FORMAT === "json" ? jsonFormat : envoyFormat

/** The lowest level at which the agent's own lines are logged. */
const minimumLevel = (settings: Settings): LogLevel.LogLevel => effectLevels[settings.APPNET_AGENT_LOG_LEVEL]

const loggerLayer = (settings: Settings, logger: Logger.Logger<unknown, unknown>) =>
  Layer.merge(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, minimumLevel(settings)))

/**
 * Needs no settings, so that problems of the settings themselves can be logged. To stderr, since commands use stdout.
 */
export const LoggerLive = Logger.layer([Logger.withConsoleError(envoyFormat)])

/** Writes to the agent's stdout or stderr, and drops lines that their reader does not take. */
const agentOutputLogger = (name: OutputName, format: Logger.Logger<unknown, string>) =>
  Logger.map(format, (line) => writeToAgentOutput(name, `${line}\n`))

/** Logs to stderr in the configured format, and to no log file. */
export const StderrLoggerLive = Layer.unwrap(
  Effect.map(Config, ({ settings }) => loggerLayer(settings, agentOutputLogger("stderr", configuredFormat(settings))))
)

/** Logs in the configured format to where the main Envoy's output goes. */
export const DestinationLoggerLive = Layer.unwrap(
  Effect.gen(function* () {
    const { settings } = yield* Config
    const format = configuredFormat(settings)
    const destination = logDestination(logLocation(settings, "main"))
    const loggingTo = (name: string, logger: Logger.Logger<unknown, unknown>) =>
      Layer.effectDiscard(Effect.logDebug(`the agent logs to ${name}`)).pipe(
        Layer.provideMerge(loggerLayer(settings, logger))
      )
    switch (destination._tag) {
      case "AgentOutputs":
        return loggingTo("stderr", agentOutputLogger("stderr", format))
      case "OneAgentOutput":
        return loggingTo(destination.name, agentOutputLogger(destination.name, format))
      case "File": {
        const file = yield* (yield* LogFiles).open(destination.path)
        return loggingTo(destination.path, Logger.map(format, file.offer))
      }
    }
  })
)

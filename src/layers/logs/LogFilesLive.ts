import { Effect, Layer, Scope, Semaphore } from "effect"
import { Config } from "../../services/Config.ts"
import { type LogFile, LogFiles } from "../../services/LogFiles.ts"
import { writeToAgentOutput } from "./agentOutput.ts"
import { realDisk } from "./disk.ts"
import { configuredFormat } from "./LoggerLive.ts"
import { makeLogFile } from "./logFile.ts"

const bytesPerMegabyte = 1024 * 1024

/**
 * What happens to log files is logged by the loggers that this layer is built with: they must not write to a log file.
 */
export const LogFilesLive = Layer.effect(
  LogFiles,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const context = yield* Effect.context()
    const scope = yield* Effect.scope
    const oneAtATime = yield* Semaphore.make(1)
    const files = new Map<string, LogFile>()

    const open = Effect.fn("LogFiles.open")(function* (path: string) {
      const existing = files.get(path)
      if (existing !== undefined) return existing
      const { APPNET_AGENT_MAX_LOG_FILE_SIZE: megabytes, APPNET_AGENT_MAX_RETENTION_COUNT: retentionCount } = settings
      yield* Effect.logDebug(`log file ${path}: limit ${megabytes} MB, ${retentionCount} rotated files kept`)
      const file = yield* makeLogFile({
        path,
        maxBytes: Math.round(megabytes * bytesPerMegabyte),
        retentionCount,
        format: configuredFormat(settings),
        disk: realDisk,
        writeToAgentOutput
      })
      files.set(path, file)
      return file
    }, oneAtATime.withPermit)

    return LogFiles.of({ open: (path) => Effect.provideContext(Scope.provide(open(path), scope), context) })
  })
)

import { Effect, Layer, Scope, Semaphore } from "effect"
import { Config } from "../../services/Config.ts"
import { type LogFile, LogFiles } from "../../services/LogFiles.ts"
import { realDisk } from "./disk.ts"
import { formatInForce } from "./LoggerLive.ts"
import { makeLogFile } from "./logFile.ts"
import { writeOwn } from "./ownOutput.ts"

const bytesPerMegabyte = 1024 * 1024

/** Needs loggers that write to no log file: with them it tells what becomes of the files. */
export const LogFilesLive = Layer.effect(
  LogFiles,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const own = yield* Effect.context()
    const scope = yield* Effect.scope
    const oneAtATime = yield* Semaphore.make(1)
    const files = new Map<string, LogFile>()

    const at = Effect.fnUntraced(function* (path: string) {
      const known = files.get(path)
      if (known !== undefined) return known
      const made = yield* makeLogFile({
        path,
        limit: Math.round(settings.APPNET_AGENT_MAX_LOG_FILE_SIZE * bytesPerMegabyte),
        kept: settings.APPNET_AGENT_MAX_RETENTION_COUNT,
        format: formatInForce(settings),
        disk: realDisk,
        instead: writeOwn
      })
      files.set(path, made)
      return made
    }, oneAtATime.withPermit)

    return LogFiles.of({ at: (path) => Effect.provideContext(Scope.provide(at(path), scope), own) })
  })
)

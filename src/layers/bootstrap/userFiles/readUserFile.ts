import { isUtf8 } from "node:buffer"
import { Effect, FileSystem, type PlatformError, Stream } from "effect"
import { UserFileError } from "../../../services/BootstrapProblem.ts"
import type { SettingName } from "../../../services/Settings.ts"
import { maximumFileBytes } from "./limits.ts"
import { readYaml } from "./readYaml.ts"

const notRegular = "is not a regular file"

/** What an error of the file system means for the user, by its tag. */
const reasons: Readonly<Record<string, string>> = {
  NotFound: "does not exist",
  PermissionDenied: "may not be read by this user",
  BadResource: notRegular
}

const newLine = 10

/** The position after the last byte. */
const endPosition = (bytes: Uint8Array) => {
  const line = bytes.reduce((count, byte) => (byte === newLine ? count + 1 : count), 1)
  return `line ${line}, column ${bytes.length - bytes.lastIndexOf(newLine)}`
}

/** The text (UTF-8) of a file that a variable names. Of a file that is too large, only the limit is read. */
export const readUserFile = Effect.fn("readUserFile")(function* (
  variable: SettingName,
  path: string,
  maximumBytes = maximumFileBytes
) {
  const fs = yield* FileSystem.FileSystem
  const failed = (reason: string, position?: string) => new UserFileError({ variable, path, position, reason })
  const unreadable = ({ reason }: PlatformError.PlatformError) =>
    failed(reasons[reason._tag] ?? `cannot be read (${reason._tag})`)
  // A FIFO that nobody writes to would never be read to its end. A device like /dev/null is a file for this purpose.
  const { type } = yield* Effect.mapError(fs.stat(path), unreadable)
  if (type !== "File" && type !== "CharacterDevice") return yield* failed(notRegular)
  const chunks = yield* Effect.mapError(
    Stream.runCollect(fs.stream(path, { bytesToRead: maximumBytes + 1 })),
    unreadable
  )
  const bytes = Buffer.concat(chunks)
  if (bytes.length > maximumBytes) {
    return yield* failed(
      `the file is larger than ${maximumBytes} bytes, which is the limit`,
      endPosition(bytes.subarray(0, maximumBytes))
    )
  }
  if (!isUtf8(bytes)) return yield* failed("is not UTF-8 text")
  return bytes.toString("utf8")
})

/** The same for YAML: `source` is the part of the file's text that is parsed. */
export const parseUserYaml = (variable: SettingName, path: string, source: string) =>
  Effect.mapError(readYaml(source), ({ position, reason }) => new UserFileError({ variable, path, position, reason }))

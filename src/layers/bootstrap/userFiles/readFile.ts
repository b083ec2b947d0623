import { isUtf8 } from "node:buffer"
import { Effect, FileSystem, Stream } from "effect"
import type { SettingName } from "../../../services/Settings.ts"
import { longestFile } from "./yaml.ts"

const troubles: Readonly<Record<string, string>> = {
  NotFound: "does not exist",
  PermissionDenied: "may not be read by this user",
  BadResource: "is no file that can be read"
}

const newLine = 10

/** Where the bytes end. */
const lineAndColumn = (bytes: Uint8Array) => {
  const lines = bytes.reduce((count, byte) => (byte === newLine ? count + 1 : count), 1)
  return `line ${lines}, column ${bytes.length - bytes.lastIndexOf(newLine)}`
}

/**
 * The text of a file that a variable names. Fails with one sentence that names both; of a file that is too large, no
 * more than the limit is read.
 */
export const readNamed = Effect.fnUntraced(function* (variable: SettingName, path: string, longest = longestFile) {
  const fs = yield* FileSystem.FileSystem
  const name = `${variable}=${path}`
  const chunks = yield* Stream.runCollect(fs.stream(path, { bytesToRead: longest + 1 })).pipe(
    Effect.mapError(({ reason }) => `${name} ${troubles[reason._tag] ?? `cannot be read (${reason._tag})`}`)
  )
  const bytes = Buffer.concat(chunks)
  if (bytes.length > longest) {
    const place = lineAndColumn(bytes.subarray(0, longest))
    return yield* Effect.fail(
      `${name}: ${place}: the file goes on beyond ${longest} bytes, which is the most that is read`
    )
  }
  if (!isUtf8(bytes)) return yield* Effect.fail(`${name} is no UTF-8 text`)
  return bytes.toString("utf8")
})

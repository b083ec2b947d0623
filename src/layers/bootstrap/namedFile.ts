import { Effect, FileSystem, Stream } from "effect"
import type { SettingName } from "../../services/Settings.ts"
import { longestFile } from "./yaml.ts"

const lineAndColumn = (text: string) => {
  const lines = text.split("\n")
  return `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`
}

/**
 * The text of a file that a variable names. Fails with one sentence that names both; of a file that is too large, no
 * more than the limit is read.
 */
export const readNamed = Effect.fnUntraced(function* (variable: SettingName, path: string) {
  const fs = yield* FileSystem.FileSystem
  const name = `${variable}=${path}`
  const bytes = yield* Stream.runFold(
    fs.stream(path, { bytesToRead: longestFile + 1 }),
    () => Buffer.alloc(0),
    (read, chunk) => Buffer.concat([read, chunk])
  ).pipe(
    Effect.mapError(({ reason }) =>
      reason._tag === "NotFound" ? `${name} does not exist` : `${name} cannot be read (${reason._tag})`
    )
  )
  if (bytes.length > longestFile) {
    const place = lineAndColumn(bytes.subarray(0, longestFile).toString("latin1"))
    return yield* Effect.fail(
      `${name}: ${place}: the file goes on beyond ${longestFile} bytes, which is the most that is read`
    )
  }
  return bytes.toString("utf8")
})

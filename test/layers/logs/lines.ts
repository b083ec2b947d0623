// Random lines of a log, and a reader that reads them in pieces.
import { Schema } from "effect"
import type { ReadBuffer } from "../../../src/layers/logs/lineBuffer.ts"

/** What the buffer returns for bytes that are read in pieces of these sizes, over and over. */
export const readThrough = (buffer: ReadBuffer, bytes: Buffer, sizes: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  const parts: Array<Buffer> = []
  let at = 0
  for (let i = 0; at < bytes.length; i += 1) {
    const free = buffer.free()
    const count = Math.min(sizes[i % sizes.length] ?? 1, free.length, bytes.length - at)
    free.set(bytes.subarray(at, at + count))
    at += count
    const part = buffer.filled(count)
    if (part !== undefined) parts.push(Buffer.from(part))
  }
  const rest = buffer.end()
  return rest === undefined ? parts : [...parts, Buffer.from(rest)]
}

export const Lines = Schema.Array(Schema.String)
export const small = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 1, maximum }))
export const Sizes = Schema.NonEmptyArray(small(40))
export const bytesOf = (lines: ReadonlyArray<string>) =>
  Buffer.from(lines.map((line) => `${line.replaceAll("\n", " ")}\n`).join(""))

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeLineBuffer } from "../../../src/layers/logs/lineBuffer.ts"
import { makeRotatingFile } from "../../../src/layers/logs/rotatingFile.ts"
import { bytesOf, Lines, readThrough, Sizes, small } from "./lines.ts"
import { memoryDisk } from "./memoryDisk.ts"

describe("a rotating file", () => {
  it.effect.prop(
    "loses and splits no line, and makes a file longer than the limit only for one line",
    [Lines, Sizes, small(120)],
    ([lines, sizes, maxBytes]) =>
      Effect.gen(function* () {
        const bytes = bytesOf(lines)
        const disk = memoryDisk()
        const file = makeRotatingFile({ disk, path: "/log/name", maxBytes, retentionCount: 1000 })
        for (const part of readThrough(makeLineBuffer(40), bytes, sizes)) {
          assert.deepStrictEqual(yield* file.write(part), { written: part.length, error: undefined })
        }
        const paths = [...disk.files.keys()].toSorted((one, other) =>
          one === "/log/name" ? 1 : other === "/log/name" ? -1 : Number(one.slice(10)) - Number(other.slice(10))
        )
        const contents = paths.map((path) => disk.files.get(path)?.bytes ?? Buffer.of())
        assert.isTrue(Buffer.concat(contents).equals(bytes))
        for (const content of contents) {
          assert.isTrue(content.length === 0 || content.at(-1) === 10)
          assert.isTrue(content.length <= maxBytes || content.indexOf(10) === content.length - 1)
        }
      })
  )
})

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeLineBuffer } from "../../../src/layers/logs/lineBuffer.ts"
import { bytesOf, Lines, readThrough, Sizes, small } from "./lines.ts"

describe("the line buffer", () => {
  it.effect.prop(
    "returns whole lines, and every byte of them, however the reads cut them",
    [Lines, Sizes, small(40)],
    ([lines, sizes, readSize]) =>
      Effect.sync(() => {
        const bytes = bytesOf(lines)
        const parts = readThrough(makeLineBuffer(readSize), bytes, sizes)
        assert.isTrue(parts.every((part) => part.at(-1) === 10))
        assert.isTrue(Buffer.concat(parts).equals(bytes))
      })
  )

  it("adds a newline to a partial line at the stream's end, and nothing else", () => {
    assert.strictEqual(
      Buffer.concat(readThrough(makeLineBuffer(), Buffer.from("one\ntw"), [5])).toString(),
      "one\ntw\n"
    )
    assert.strictEqual(Buffer.concat(readThrough(makeLineBuffer(), Buffer.from("one\n"), [9])).toString(), "one\n")
  })

  it("returns a line that is too long in parts, and the lines behind it", () => {
    const bytes = Buffer.from(`${"x".repeat(100)}\nshort\n`)
    const parts = readThrough(makeLineBuffer(8, 50), bytes, [8])
    assert.isTrue(Buffer.concat(parts).equals(bytes))
    assert.isTrue(parts.every(({ length }) => length <= 58))
    assert.isAbove(parts[0]?.length ?? 0, 50)
  })

  it("does not change the bytes that it returned until it returns more", () => {
    const buffer = makeLineBuffer(8)
    buffer.free().set(Buffer.from("a\nbcd"))
    const first = buffer.filled(5)
    buffer.free().set(Buffer.from("efgh"))
    assert.isUndefined(buffer.filled(4))
    assert.strictEqual(Buffer.from(first ?? []).toString(), "a\n")
    buffer.free().set(Buffer.from("\n"))
    assert.strictEqual(Buffer.from(buffer.filled(1) ?? []).toString(), "bcdefgh\n")
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { logDestination } from "../../../src/layers/logs/destination.ts"
import { makeLineBuffer, type ReadBuffer } from "../../../src/layers/logs/lineBuffer.ts"
import { makeRotatingFile } from "../../../src/layers/logs/rotatingFile.ts"
import { fitting, outdated } from "../../../src/layers/logs/rotation.ts"
import { memoryDisk } from "./memoryDisk.ts"

/** What is handed on of bytes that come in pieces of these sizes, again and again. */
const handedOn = (buffer: ReadBuffer, bytes: Buffer, sizes: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
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

const Lines = Schema.Array(Schema.String)
const small = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 1, maximum }))
const Sizes = Schema.NonEmptyArray(small(40))
const bytesOf = (lines: ReadonlyArray<string>) =>
  Buffer.from(lines.map((line) => `${line.replaceAll("\n", " ")}\n`).join(""))

describe("the line buffer", () => {
  it.effect.prop(
    "hands on whole lines, and all bytes of them, however they are cut",
    [Lines, Sizes, small(40)],
    ([lines, sizes, readSize]) =>
      Effect.sync(() => {
        const bytes = bytesOf(lines)
        const parts = handedOn(makeLineBuffer(readSize), bytes, sizes)
        assert.isTrue(parts.every((part) => part.at(-1) === 10))
        assert.isTrue(Buffer.concat(parts).equals(bytes))
      })
  )

  it("ends an unfinished line at the stream's end, and nothing else", () => {
    assert.strictEqual(Buffer.concat(handedOn(makeLineBuffer(), Buffer.from("one\ntw"), [5])).toString(), "one\ntw\n")
    assert.strictEqual(Buffer.concat(handedOn(makeLineBuffer(), Buffer.from("one\n"), [9])).toString(), "one\n")
  })

  it("hands on a line that is too long as it is, and goes on", () => {
    const bytes = Buffer.from(`${"x".repeat(100)}\nshort\n`)
    const parts = handedOn(makeLineBuffer(8, 50), bytes, [8])
    assert.isTrue(Buffer.concat(parts).equals(bytes))
    assert.isTrue(parts.every(({ length }) => length <= 58))
    assert.isAbove(parts[0]?.length ?? 0, 50)
  })

  it("leaves what it handed on alone until more can be handed on", () => {
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

describe("rotation", () => {
  it.effect.prop(
    "loses and tears no line, and makes no file longer than the limit but for one line",
    [Lines, Sizes, small(120)],
    ([lines, sizes, limit]) =>
      Effect.gen(function* () {
        const bytes = bytesOf(lines)
        const disk = memoryDisk()
        const file = makeRotatingFile({ disk, path: "/log/name", limit, kept: 1000 })
        for (const part of handedOn(makeLineBuffer(40), bytes, sizes)) {
          assert.deepStrictEqual(yield* file.write(part), { done: part.length, problem: undefined })
        }
        const paths = [...disk.files.keys()].toSorted((one, other) =>
          one === "/log/name" ? 1 : other === "/log/name" ? -1 : Number(one.slice(10)) - Number(other.slice(10))
        )
        const contents = paths.map((path) => disk.files.get(path)?.bytes ?? Buffer.of())
        assert.isTrue(Buffer.concat(contents).equals(bytes))
        for (const content of contents) {
          assert.isTrue(content.length === 0 || content.at(-1) === 10)
          assert.isTrue(content.length <= limit || content.indexOf(10) === content.length - 1)
        }
      })
  )

  it("takes as many whole lines as fit", () => {
    const lines = Buffer.from("aa\nbb\ncc\n")
    assert.strictEqual(fitting(lines, 0, 9), 9)
    assert.strictEqual(fitting(lines, 0, 8), 6)
    assert.strictEqual(fitting(lines, 4, 8), 3)
    assert.strictEqual(fitting(lines, 7, 8), 0)
    assert.strictEqual(fitting(lines, 9, 8), 0)
    assert.strictEqual(fitting(lines, 0, 2), 3)
    assert.strictEqual(fitting(Buffer.from("no end"), 0, 2), 6)
  })

  it("removes the oldest by number, and nothing that is not this log's", () => {
    const files = [
      "a.log",
      "a.log.1700000000010",
      "a.log.1700000000009",
      "a.log.x",
      "a.log.1700000000010.gz",
      "a.log.1",
      "a.log.20260131",
      "b.log.1",
      "a.log.1700000000200"
    ]
    assert.deepStrictEqual(outdated(files, "a.log", 1), ["a.log.1700000000009", "a.log.1700000000010"])
    assert.deepStrictEqual(outdated(files, "a.log", 3), [])
    assert.deepStrictEqual(outdated(files, "a.log", 0), [
      "a.log.1700000000009",
      "a.log.1700000000010",
      "a.log.1700000000200"
    ])
  })
})

describe("the destination", () => {
  const place = (folder: string | undefined, name = "a.log") => logDestination({ folder, name })

  it("is the agent's own output where it is not set, or set to the documentation's example", () => {
    for (const folder of [undefined, "stdout", "stderr", "stdout/stderr"])
      assert.deepStrictEqual(place(folder), { _tag: "Own" })
  })

  it("is one output in /dev, and a file everywhere else", () => {
    assert.deepStrictEqual(place("/dev", "stdout"), { _tag: "Stream", name: "stdout" })
    assert.deepStrictEqual(place("/dev/", "stderr"), { _tag: "Stream", name: "stderr" })
    assert.deepStrictEqual(place("/var/log//"), { _tag: "File", path: "/var/log/a.log" })
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { logDestination, logLocation } from "../../../src/layers/logs/destination.ts"
import { makeLineBuffer, type ReadBuffer } from "../../../src/layers/logs/lineBuffer.ts"
import { makeRotatingFile } from "../../../src/layers/logs/rotatingFile.ts"
import { bytesThatFit, filesToRemove } from "../../../src/layers/logs/rotation.ts"
import { Config } from "../../../src/services/Config.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"
import { memoryDisk } from "./memoryDisk.ts"

/** What the buffer returns for bytes that are read in pieces of these sizes, over and over. */
const readThrough = (buffer: ReadBuffer, bytes: Buffer, sizes: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
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

describe("rotation", () => {
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

  it("fills a file with as many whole lines as fit", () => {
    const lines = Buffer.from("aa\nbb\ncc\n")
    assert.strictEqual(bytesThatFit(lines, 0, 9), 9)
    assert.strictEqual(bytesThatFit(lines, 0, 8), 6)
    assert.strictEqual(bytesThatFit(lines, 4, 8), 3)
    assert.strictEqual(bytesThatFit(lines, 7, 8), 0)
    assert.strictEqual(bytesThatFit(lines, 9, 8), 0)
    assert.strictEqual(bytesThatFit(lines, 0, 2), 3)
    assert.strictEqual(bytesThatFit(Buffer.from("no end"), 0, 2), 6)
  })

  it("removes the oldest files by their numbers, and no file that is not this log's", () => {
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
    assert.deepStrictEqual(filesToRemove(files, "a.log", 1), ["a.log.1700000000009", "a.log.1700000000010"])
    assert.deepStrictEqual(filesToRemove(files, "a.log", 3), [])
    assert.deepStrictEqual(filesToRemove(files, "a.log", 0), [
      "a.log.1700000000009",
      "a.log.1700000000010",
      "a.log.1700000000200"
    ])
  })
})

describe("the destination", () => {
  const destination = (folder: string | undefined, fileName = "a.log") => logDestination({ folder, fileName })

  it("is the agent's outputs where it is not set, or set to the documentation's example", () => {
    for (const folder of [undefined, "stdout", "stderr", "stdout/stderr"])
      assert.deepStrictEqual(destination(folder), { _tag: "AgentOutputs" })
  })

  it("is one output for a name in /dev, and a file everywhere else", () => {
    assert.deepStrictEqual(destination("/dev", "stdout"), { _tag: "OneAgentOutput", name: "stdout" })
    assert.deepStrictEqual(destination("/dev/", "stderr"), { _tag: "OneAgentOutput", name: "stderr" })
    assert.deepStrictEqual(destination("/var/log//"), { _tag: "File", path: "/var/log/a.log" })
  })

  it("is the agent's outputs in /dev for any other name: no log file is created among the devices", () => {
    assert.deepStrictEqual(destination("/dev"), { _tag: "AgentOutputs" })
    assert.deepStrictEqual(destination("/dev/"), { _tag: "AgentOutputs" })
    assert.deepStrictEqual(destination("/dev/shm"), { _tag: "File", path: "/dev/shm/a.log" })
  })

  it.effect("of the local relay is the agent's output by either of its settings alone", () =>
    Effect.gen(function* () {
      shows("local-relay-log", "APPNET_LOCAL_RELAY_LOG_DESTINATION", "APPNET_LOCAL_RELAY_LOG_FILE_NAME")
      const of = (environment: Readonly<Record<string, string>>) =>
        Effect.map(Config, (config) => logDestination(logLocation(config.settings, "local relay"))).pipe(
          Effect.provide(settings(environment))
        )
      const folder = (value: string) => ({ APPNET_LOCAL_RELAY_LOG_DESTINATION: value })
      const name = (value: string) => ({ APPNET_LOCAL_RELAY_LOG_FILE_NAME: value })
      assert.deepStrictEqual(yield* of({}), { _tag: "File", path: "/tmp/local_relay_appnet_envoy.log" })
      assert.deepStrictEqual(yield* of(folder("/dev")), { _tag: "AgentOutputs" })
      for (const output of ["stdout", "stderr"] as const) {
        assert.deepStrictEqual(yield* of(name(output)), { _tag: "OneAgentOutput", name: output })
        assert.deepStrictEqual(yield* of({ ...folder("/dev"), ...name(output) }), {
          _tag: "OneAgentOutput",
          name: output
        })
      }
      assert.deepStrictEqual(yield* of(name("stdout/stderr")), { _tag: "AgentOutputs" })
      assert.deepStrictEqual(yield* of(folder("/logs")), {
        _tag: "File",
        path: "/logs/local_relay_appnet_envoy.log"
      })
    })
  )
})

import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { type Disk, realDisk } from "../../../src/layers/logs/disk.ts"
import { LogFilesLive } from "../../../src/layers/logs/LogFilesLive.ts"
import { envoyFormat } from "../../../src/layers/logs/LoggerLive.ts"
import { makeLogFile } from "../../../src/layers/logs/logFile.ts"
import { LogFiles } from "../../../src/services/LogFiles.ts"
import { settings } from "../../fakes.ts"
import { memoryDisk, noSpace } from "./memoryDisk.ts"

const privateFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-logs-`)),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** A writer on this disk, what it told of itself, and what it gave to the agent's own output. */
const writerOn = Effect.fnUntraced(function* (disk: Disk, path: string, limit = 1000, kept = 3) {
  const told: Array<string> = []
  const instead: Array<string> = []
  const log = yield* makeLogFile({
    path,
    limit,
    kept,
    format: envoyFormat,
    disk,
    instead: (name, bytes, done) => {
      instead.push(`${name}: ${Buffer.from(bytes)}`)
      done?.()
    }
  }).pipe(
    Effect.provide(Logger.layer([Logger.map(envoyFormat, (line) => void told.push(line.replace(/^.*?\]\[\d+\]/, "")))]))
  )
  return { ...log, told, instead, put: (text: string) => log.append(Buffer.from(text), "stdout") }
})

/** A writer in a private folder of the real disk. */
const realWriter = Effect.gen(function* () {
  const folder = yield* privateFolder
  const path = `${folder}/a.log`
  return { folder, path, read: () => readFileSync(path, "utf8"), ...(yield* writerOn(realDisk, path)) }
})

const memoryWriter = Effect.fnUntraced(function* (change: (disk: ReturnType<typeof memoryDisk>) => void = () => {}) {
  const disk = memoryDisk()
  change(disk)
  const writer = yield* writerOn(disk, "/log/a.log", 100)
  return { disk, ...writer, read: () => `${disk.files.get("/log/a.log")?.bytes ?? ""}` }
})

const warning = (problem: string, path = "/log/a.log") =>
  `[warning] [AppNet Agent] log file ${path}: ${problem}; until it can be written, lines go to stdout and stderr`
const mended = (path = "/log/a.log") => `[info] [AppNet Agent] log file ${path}: written again`

describe("a log file on the real disk", () => {
  it.effect("is made with mode 0640, and appended to", () =>
    Effect.gen(function* () {
      const { path, put, read } = yield* realWriter
      yield* put("one\n")
      yield* put("two\n")
      assert.strictEqual(read(), "one\ntwo\n")
      assert.strictEqual(statSync(path).mode & 0o777 & ~0o640, 0)
    })
  )

  it.effect("has the agent's lines too, all of them when its scope is closed", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { offer, put } = yield* writerOn(realDisk, `${folder}/a.log`)
          yield* put("of Envoy\n")
          offer("of the agent\nthe second")
          offer("the last")
        })
      )
      assert.strictEqual(readFileSync(`${folder}/a.log`, "utf8"), "of Envoy\nof the agent\nthe second\nthe last\n")
    })
  )

  it.effect("goes on in a new file where it was moved, removed or replaced", () =>
    Effect.gen(function* () {
      const { folder, path, put, read, told } = yield* realWriter
      yield* put("one\n")
      renameSync(path, `${folder}/moved`)
      yield* put("two\n")
      assert.strictEqual(readFileSync(`${folder}/moved`, "utf8"), "one\n")
      assert.strictEqual(read(), "two\n")
      rmSync(path)
      yield* put("three\n")
      assert.strictEqual(read(), "three\n")
      writeFileSync(`${folder}/other`, "other\n")
      renameSync(`${folder}/other`, path)
      yield* put("four\n")
      assert.strictEqual(read(), "other\nfour\n")
      assert.deepStrictEqual(told, [])
    })
  )

  it.effect("goes on at the end of a file that was truncated or appended to", () =>
    Effect.gen(function* () {
      const { folder, path, put, read } = yield* realWriter
      yield* put("one\n")
      truncateSync(path, 0)
      yield* put("two\n")
      assert.strictEqual(read(), "two\n")
      appendFileSync(path, `${"x".repeat(990)}\n`)
      yield* put("three\n")
      // With what another has added the file is full.
      assert.strictEqual(read(), "three\n")
      assert.lengthOf(readdirSync(folder), 2)
    })
  )

  it.effect("ends a line that a killed agent has left unfinished", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      writeFileSync(`${folder}/a.log`, "whole\nhal")
      const { put } = yield* writerOn(realDisk, `${folder}/a.log`)
      yield* put("next\n")
      assert.strictEqual(readFileSync(`${folder}/a.log`, "utf8"), "whole\nhal\nnext\n")
    })
  )

  it.effect("is rotated to names with the time, and only the newest are kept", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const { folder, put } = yield* realWriter
      const line = (name: string) => `${name.repeat(599)}\n`
      for (const name of ["a", "b", "c", "d", "e", "f"]) {
        yield* TestClock.adjust(10)
        yield* put(line(name))
      }
      const names = readdirSync(folder).toSorted()
      assert.deepStrictEqual(names, ["a.log", "a.log.1700000000040", "a.log.1700000000050", "a.log.1700000000060"])
      assert.deepStrictEqual(
        names.map((name) => readFileSync(`${folder}/${name}`, "utf8")),
        ["f", "c", "d", "e"].map(line)
      )
    })
  )

  it.effect("is reopened when its folder comes back", () =>
    Effect.gen(function* () {
      const { folder, instead, path, put, read, told } = yield* realWriter
      yield* put("one\n")
      rmSync(folder, { recursive: true })
      yield* put("two\n")
      yield* put("three\n")
      assert.deepStrictEqual(instead, ["stdout: two\n", "stdout: three\n"])
      yield* TestClock.adjust("5 seconds")
      mkdirSync(folder)
      yield* TestClock.adjust("1 second")
      // Behind the one that mends.
      yield* put("four\n")
      assert.match(read(), /^\[.*\[info\] \[AppNet Agent\] log file .*: written again\nfour\n$/)
      assert.deepStrictEqual(told, [warning(`ENOENT: no such file or directory, open '${path}'`, path), mended(path)])
    })
  )

  it.effect("is neither a link's target nor a folder", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      writeFileSync(`${folder}/victim`, "")
      symlinkSync(`${folder}/victim`, `${folder}/link`)
      mkdirSync(`${folder}/folder`)
      for (const name of ["link", "folder"]) {
        const { instead, put, told } = yield* writerOn(realDisk, `${folder}/${name}`)
        yield* put("one\n")
        assert.deepStrictEqual(instead, ["stdout: one\n"])
        assert.lengthOf(told, 1)
      }
      assert.strictEqual(readFileSync(`${folder}/victim`, "utf8"), "")
    })
  )

  it.effect("holds no torn line where a write was cut short", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      let room = 12
      const cut: Disk = {
        ...realDisk,
        append: Effect.fnUntraced(function* (file, bytes) {
          const { written } = yield* realDisk.append(file, bytes.subarray(0, room))
          room -= written
          return { written, problem: written < bytes.length ? noSpace : undefined }
        })
      }
      const { instead, put } = yield* writerOn(cut, `${folder}/a.log`)
      yield* put("one\n")
      yield* put("two\nthree\nfour\n")
      assert.strictEqual(readFileSync(`${folder}/a.log`, "utf8"), "one\ntwo\n")
      assert.deepStrictEqual(instead, ["stdout: three\nfour\n"])
    })
  )
})

describe("a log file that cannot be written", () => {
  it.effect("is told once, before there is a line, and written again when that works", () =>
    Effect.gen(function* () {
      const { disk, instead, offer, put, read, told } = yield* memoryWriter((disk) => {
        disk.isThere = false
      })
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(told, [warning("ENOENT: no such file or directory")])
      offer("of the agent")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(instead, ["stderr: of the agent\n"])
      disk.isThere = true
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(told.slice(1), [mended()])
      yield* put("one\n")
      assert.match(read(), /^\[.*written again\none\n$/)
      assert.lengthOf(instead, 1)
    })
  )

  it.effect("is left alone on a full disk until that has room for more than a line", () =>
    Effect.gen(function* () {
      const { disk, instead, put, read, told } = yield* memoryWriter((disk) => {
        disk.capacity = 10
      })
      yield* put("one\ntwo\nthree\n")
      assert.strictEqual(read(), "one\ntwo\n")
      assert.deepStrictEqual(instead, ["stdout: three\n"])
      disk.capacity = 1000
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(told, [warning("ENOSPC: no space left on device")])
      disk.capacity = 1_000_000
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(told.slice(1), [mended()])
    })
  )

  it.effect("is tried less and less often where each try fails soon after", () =>
    Effect.gen(function* () {
      const disk = memoryDisk()
      // A quota that a short line always fits into.
      const stingy: Disk = {
        ...disk,
        append: (file, bytes) =>
          bytes.length < 150
            ? disk.append(file, bytes)
            : Effect.succeed({ written: 0, problem: { ...noSpace, code: "EFBIG", text: "EFBIG: file too large" } })
      }
      const { put, told } = yield* writerOn(stingy, "/log/a.log", 1e6)
      for (let second = 0; second < 600; second += 1) {
        yield* put(`${"x".repeat(200)}\n`)
        yield* TestClock.adjust("1 second")
      }
      const warnings = told.filter((line) => line.includes("[warning]")).length
      assert.isAbove(warnings, 1)
      assert.isBelow(warnings, 120)
    })
  )

  it.effect("holds back no more of the agent's lines than it can keep, nor the agent's end", () =>
    Effect.gen(function* () {
      const disk: Disk = { ...memoryDisk(), append: () => Effect.never }
      const scope = yield* Scope.make()
      const { instead, offer } = yield* Scope.provide(writerOn(disk, "/log/a.log"), scope)
      for (let i = 0; i < 1500; i += 1) offer(`${i}`)
      assert.lengthOf(instead, 500)
      assert.strictEqual(instead.at(-1), "stderr: 1499\n")
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(closing)
    })
  )
})

describe("the log files", () => {
  it.effect("are one for each path, whoever asks", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      const files = yield* LogFiles
      const [one, same, other] = yield* Effect.all(
        [files.at(`${folder}/a`), files.at(`${folder}/a`), files.at(`${folder}/b`)],
        { concurrency: "unbounded" }
      )
      assert.strictEqual(one, same)
      assert.notStrictEqual(one, other)
    }).pipe(Effect.provide(LogFilesLive.pipe(Layer.provide(settings()))))
  )
})

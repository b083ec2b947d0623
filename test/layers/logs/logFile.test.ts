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
import { Clock, Effect, Exit, Fiber, Layer, Logger, References, Scope } from "effect"
import { TestClock } from "effect/testing"
import { type Disk, DiskError, realDisk } from "../../../src/layers/logs/disk.ts"
import { LogFilesLive } from "../../../src/layers/logs/LogFilesLive.ts"
import { envoyFormat } from "../../../src/layers/logs/LoggerLive.ts"
import { makeLogFile } from "../../../src/layers/logs/logFile.ts"
import { LogFiles } from "../../../src/services/LogFiles.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"
import { memoryDisk, noSpace } from "./memoryDisk.ts"

const privateFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-logs-`)),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** A log file on this disk, the lines that were logged about it, and those that went to the agent's outputs. */
const logFileOn = Effect.fnUntraced(function* (disk: Disk, path: string, maxBytes = 1000, retentionCount = 3) {
  const logged: Array<string> = []
  const fallback: Array<string> = []
  const log = yield* makeLogFile({
    path,
    maxBytes,
    retentionCount,
    format: envoyFormat,
    disk,
    writeToAgentOutput: (name, bytes, done) => {
      fallback.push(`${name}: ${Buffer.from(bytes)}`)
      done?.()
    }
  }).pipe(
    Effect.provide(
      Logger.layer([Logger.map(envoyFormat, (line) => void logged.push(line.replace(/^.*?\]\[\d+\]/, "")))])
    )
  )
  return { ...log, logged, fallback, append: (text: string) => log.append(Buffer.from(text), "stdout") }
})

/** A log file in a private folder of the real disk. */
const realLogFile = Effect.gen(function* () {
  const folder = yield* privateFolder
  const path = `${folder}/a.log`
  return { folder, path, read: () => readFileSync(path, "utf8"), ...(yield* logFileOn(realDisk, path)) }
})

const memoryLogFile = Effect.fnUntraced(function* (change: (disk: ReturnType<typeof memoryDisk>) => void = () => {}) {
  const disk = memoryDisk()
  change(disk)
  const log = yield* logFileOn(disk, "/log/a.log", 100)
  return { disk, ...log, read: () => `${disk.files.get("/log/a.log")?.bytes ?? ""}` }
})

const warning = (problem: string, path = "/log/a.log") =>
  `[warning] [AppNet Agent] log file ${path}: ${problem}; until it can be written, lines go to stdout and stderr`
const recovered = (path = "/log/a.log") => `[info] [AppNet Agent] log file ${path}: writable again`

describe("a log file on the real disk", () => {
  it.effect("is created with mode 0640 and appended to", () =>
    Effect.gen(function* () {
      const { path, append, read } = yield* realLogFile
      yield* append("one\n")
      yield* append("two\n")
      assert.strictEqual(read(), "one\ntwo\n")
      assert.strictEqual(statSync(path).mode & 0o777 & ~0o640, 0)
    })
  )

  it.effect("has the agent's lines too, all of them when its scope is closed", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { offer, append } = yield* logFileOn(realDisk, `${folder}/a.log`)
          yield* append("of Envoy\n")
          offer("of the agent\nthe second")
          offer("the last")
        })
      )
      assert.strictEqual(readFileSync(`${folder}/a.log`, "utf8"), "of Envoy\nof the agent\nthe second\nthe last\n")
    })
  )

  it.effect("continues in a new file after it was moved, removed or replaced", () =>
    Effect.gen(function* () {
      const { folder, path, append, read, logged } = yield* realLogFile
      yield* append("one\n")
      renameSync(path, `${folder}/moved`)
      yield* append("two\n")
      assert.strictEqual(readFileSync(`${folder}/moved`, "utf8"), "one\n")
      assert.strictEqual(read(), "two\n")
      rmSync(path)
      yield* append("three\n")
      assert.strictEqual(read(), "three\n")
      writeFileSync(`${folder}/other`, "other\n")
      renameSync(`${folder}/other`, path)
      yield* append("four\n")
      assert.strictEqual(read(), "other\nfour\n")
      assert.deepStrictEqual(logged, [])
    })
  )

  it.effect("continues at the end of a file that was truncated or appended to", () =>
    Effect.gen(function* () {
      const { folder, path, append, read } = yield* realLogFile
      yield* append("one\n")
      truncateSync(path, 0)
      yield* append("two\n")
      assert.strictEqual(read(), "two\n")
      appendFileSync(path, `${"x".repeat(990)}\n`)
      yield* append("three\n")
      // With what the other program has added the file was full.
      assert.strictEqual(read(), "three\n")
      assert.lengthOf(readdirSync(folder), 2)
    })
  )

  it.effect("adds the newline that a killed agent did not write", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      writeFileSync(`${folder}/a.log`, "whole\nhal")
      const { append } = yield* logFileOn(realDisk, `${folder}/a.log`)
      yield* append("next\n")
      assert.strictEqual(readFileSync(`${folder}/a.log`, "utf8"), "whole\nhal\nnext\n")
    })
  )

  it.effect("is rotated to names with the time, and only the newest are kept", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const { folder, append } = yield* realLogFile
      const line = (name: string) => `${name.repeat(599)}\n`
      for (const name of ["a", "b", "c", "d", "e", "f"]) {
        yield* TestClock.adjust(10)
        yield* append(line(name))
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
      const { folder, fallback, path, append, read, logged } = yield* realLogFile
      yield* append("one\n")
      rmSync(folder, { recursive: true })
      yield* append("two\n")
      yield* append("three\n")
      assert.deepStrictEqual(fallback, ["stdout: two\n", "stdout: three\n"])
      yield* TestClock.adjust("5 seconds")
      mkdirSync(folder)
      yield* TestClock.adjust("1 second")
      // Waits until the recovery is over.
      yield* append("four\n")
      assert.match(read(), /^\[.*\[info\] \[AppNet Agent\] log file .*: writable again\nfour\n$/)
      assert.deepStrictEqual(logged, [
        warning(`ENOENT: no such file or directory, open '${path}'`, path),
        recovered(path)
      ])
    })
  )

  it.effect("is refused where its path is a symbolic link or a folder", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      writeFileSync(`${folder}/victim`, "")
      symlinkSync(`${folder}/victim`, `${folder}/link`)
      mkdirSync(`${folder}/folder`)
      for (const name of ["link", "folder"]) {
        const { fallback, append, logged } = yield* logFileOn(realDisk, `${folder}/${name}`)
        yield* append("one\n")
        assert.deepStrictEqual(fallback, ["stdout: one\n"])
        assert.lengthOf(logged, 1)
      }
      assert.strictEqual(readFileSync(`${folder}/victim`, "utf8"), "")
    })
  )

  it.effect("holds no partial line after a write was cut short", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      let room = 12
      const cut: Disk = {
        ...realDisk,
        append: Effect.fnUntraced(function* (file, bytes) {
          const { written } = yield* realDisk.append(file, bytes.subarray(0, room))
          room -= written
          return { written, error: written < bytes.length ? noSpace : undefined }
        })
      }
      const { fallback, append } = yield* logFileOn(cut, `${folder}/a.log`)
      yield* append("one\n")
      yield* append("two\nthree\nfour\n")
      assert.strictEqual(readFileSync(`${folder}/a.log`, "utf8"), "one\ntwo\n")
      assert.deepStrictEqual(fallback, ["stdout: three\nfour\n"])
    })
  )
})

describe("what is logged about a log file", () => {
  it.effect("never goes into it, even where debug lines are logged to it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_000)
      const disk = memoryDisk()
      // Smaller than any line, so that each line rotates the file.
      const { append, logged, offer } = yield* logFileOn(disk, "/log/a.log", 5, 2)
      yield* Effect.gen(function* () {
        for (const line of ["one\n", "two\n", "three\n", "four\n"]) {
          yield* append(line)
          yield* TestClock.adjust(1)
        }
        yield* Effect.logDebug("of the agent")
        yield* TestClock.adjust("1 minute")
      }).pipe(
        Effect.provide(Logger.layer([Logger.map(envoyFormat, offer)])),
        Effect.provideService(References.MinimumLogLevel, "Debug")
      )
      const contents = [...disk.files.values()].map(({ bytes }) => `${bytes}`).join("")
      assert.match(contents, /^three\nfour\n.*\[debug\] \[AppNet Agent\] of the agent\n$/)
      assert.isTrue(
        logged.some((line) => /\[debug\] .* log file \/log\/a\.log: rotated to a\.log\.\d+ at 4 bytes/.test(line))
      )
      assert.isTrue(logged.some((line) => line.includes("removed old files: a.log.")))
    })
  )
})

describe("a log file that cannot be written", () => {
  it.effect("is reported once, before there is a line for it, and used again once it can be written", () =>
    Effect.gen(function* () {
      const { disk, fallback, offer, append, read, logged } = yield* memoryLogFile((disk) => {
        disk.hasFolder = false
      })
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(logged, [warning("ENOENT: no such file or directory")])
      offer("of the agent")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(fallback, ["stderr: of the agent\n"])
      disk.hasFolder = true
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(logged.slice(1), [recovered()])
      yield* append("one\n")
      assert.match(read(), /^\[.*writable again\none\n$/)
      assert.lengthOf(fallback, 1)
    })
  )

  it.effect("is tried with a line that says that it is writable, whatever the log level", () =>
    Effect.gen(function* () {
      const { disk, read } = yield* memoryLogFile((disk) => {
        disk.hasFolder = false
      })
      yield* TestClock.adjust(0)
      disk.hasFolder = true
      yield* TestClock.adjust("1 second")
      assert.match(read(), /^\[.*\[info\] .*: writable again\n$/)
    }).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
  )

  it.effect("is not tried again on a full disk until there is space for more than a line", () =>
    Effect.gen(function* () {
      const { disk, fallback, append, read, logged } = yield* memoryLogFile((disk) => {
        disk.capacity = 10
      })
      yield* append("one\ntwo\nthree\n")
      assert.strictEqual(read(), "one\ntwo\n")
      assert.deepStrictEqual(fallback, ["stdout: three\n"])
      disk.capacity = 100
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(logged, [warning("ENOSPC: no space left on device")])
      disk.capacity = 1_000_000
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(logged.slice(1), [recovered()])
    })
  )

  it.effect("is tried each second, however often it has failed", () =>
    Effect.gen(function* () {
      const tried: Array<number> = []
      const disk = memoryDisk()
      disk.hasFolder = false
      const counted: Disk = { ...disk, open: (path) => Effect.andThen(noteTime, disk.open(path)) }
      const noteTime = Effect.map(Clock.monotonicTimeNanos, (now) => void tried.push(Number(now / 1_000_000_000n)))
      yield* logFileOn(counted, "/log/a.log")
      for (let second = 0; second < 300; second += 1) {
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(
        tried,
        Array.from({ length: 301 }, (_, second) => second)
      )
    })
  )

  it.effect("is tried each second also where it fails again soon after each recovery", () =>
    Effect.gen(function* () {
      shows("log-folder-missing")
      const disk = memoryDisk()
      const tooLarge = new DiskError({ code: "EFBIG", message: "EFBIG: file too large" })
      // A quota that has space for short lines only.
      const stingy: Disk = {
        ...disk,
        append: (file, bytes) =>
          bytes.length < 150 ? disk.append(file, bytes) : Effect.succeed({ written: 0, error: tooLarge })
      }
      const { append, fallback, logged } = yield* logFileOn(stingy, "/log/a.log", 1e6)
      for (let second = 0; second < 60; second += 1) {
        yield* append(`${"x".repeat(200)}\n`)
        yield* TestClock.adjust("1 second")
      }
      // Each line is on stdout, and what is said about the file is so: it fails, and a second later it can be written again.
      assert.lengthOf(fallback, 60)
      assert.deepStrictEqual(
        logged,
        Array.from({ length: 120 }, (_, i) => (i % 2 === 0 ? warning(tooLarge.message) : recovered()))
      )
    })
  )

  it.effect("is used again on a full disk that is smaller than what else counts as free", () =>
    Effect.gen(function* () {
      const { disk, append, read } = yield* memoryLogFile((disk) => {
        disk.capacity = 250
        disk.files.set("/log/other", { inode: 99, bytes: Buffer.alloc(240), owner: 1, modifiedMillis: 0 })
      })
      yield* append("one two three\n")
      disk.files.delete("/log/other")
      yield* TestClock.adjust("1 second")
      yield* append("four\n")
      assert.match(read(), /writable again\nfour\n$/)
    })
  )

  it.effect("says once that its folder is gone, also where it is found out by a rotation", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      const path = `${folder}/a.log`
      const vanishing: Disk = {
        ...realDisk,
        rename: (from, to) =>
          Effect.suspend(() => {
            rmSync(folder, { recursive: true })
            return realDisk.rename(from, to)
          })
      }
      const { append, logged } = yield* logFileOn(vanishing, path)
      yield* append(`${"x".repeat(990)}\n`)
      yield* append("one two three\n")
      assert.deepStrictEqual(logged, [warning(`ENOENT: no such file or directory, open '${path}'`, path)])
    })
  )

  it.effect("queues a limited number of the agent's lines, and delays the agent's end for a limited time", () =>
    Effect.gen(function* () {
      const disk: Disk = { ...memoryDisk(), append: () => Effect.never }
      const scope = yield* Scope.make()
      const { fallback, offer } = yield* Scope.provide(logFileOn(disk, "/log/a.log"), scope)
      for (let i = 0; i < 1500; i += 1) offer(`${i}`)
      assert.lengthOf(fallback, 500)
      assert.strictEqual(fallback.at(-1), "stderr: 1499\n")
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(closing)
    })
  )
})

describe("the log files", () => {
  it.effect("are one for each path, however often it is opened", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      const files = yield* LogFiles
      const [one, same, other] = yield* Effect.all(
        [files.open(`${folder}/a`), files.open(`${folder}/a`), files.open(`${folder}/b`)],
        { concurrency: "unbounded" }
      )
      assert.strictEqual(one, same)
      assert.notStrictEqual(one, other)
    }).pipe(Effect.provide(LogFilesLive.pipe(Layer.provide(settings()))))
  )
})

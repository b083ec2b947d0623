import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import { type Disk, DiskError, realDisk } from "../../../src/layers/logs/disk.ts"
import { makeRotatingFile } from "../../../src/layers/logs/rotatingFile.ts"
import { shows } from "../../shows.ts"
import { memoryDisk } from "./memoryDisk.ts"

const privateFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-rotation-`)),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const name = "a.log"
const lineOf = (number: number) => `line ${`${number}`.padStart(6, "0")}\n`
/** Each line fills a file. */
const maxBytes = lineOf(0).length

/** One life of an agent that logs numbered lines to `folder`. */
const startLife = (folder: string, retentionCount: number, disk: Disk = realDisk) => {
  const file = makeRotatingFile({ disk, path: `${folder}/${name}`, maxBytes, retentionCount })
  return {
    end: file.close,
    write: Effect.fnUntraced(function* (number: number) {
      const lines = Buffer.from(lineOf(number))
      assert.deepStrictEqual(yield* file.write(lines), { written: lines.length, error: undefined })
    })
  }
}

const isRotated = (file: string) => /^a\.log\.\d{13}$/.test(file)

/** The contents of these files, the oldest first, and the log file's last. */
const contentsOf = (folder: string, files = readdirSync(folder).filter(isRotated).toSorted()) =>
  [...files, name].map((file) => readFileSync(`${folder}/${file}`, "latin1"))

const at = (date: string) => TestClock.setTime(Date.parse(date))

describe("of the rotated files", () => {
  it.effect("the newest are kept while the clock goes back and forth", () =>
    Effect.gen(function* () {
      shows("log-retention")
      const folder = yield* privateFolder
      const life = startLife(folder, 3)
      const dates = ["2026-11-25", "2020-01-01", "1970-01-01", "2031-05-05", "2026-11-25T00:00:00.001Z", "2031-05-04"]
      for (let number = 1; number <= 60; number += 1) {
        yield* at(dates[number % dates.length] ?? "")
        yield* life.write(number)
        const first = Math.max(1, number - 3)
        const expected = Array.from({ length: number - first + 1 }, (_, i) => lineOf(first + i))
        assert.deepStrictEqual(contentsOf(folder), expected)
      }
    })
  )

  it.effect("the newest are kept after a life whose clock was ahead", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      yield* at("2099-01-01")
      const first = startLife(folder, 3)
      for (const number of [1, 2, 3, 4, 5]) yield* first.write(number)
      yield* first.end
      yield* at("2026-01-01")
      const second = startLife(folder, 3)
      for (const number of [6, 7]) yield* second.write(number)
      assert.deepStrictEqual(contentsOf(folder), [4, 5, 6, 7].map(lineOf))
    })
  )

  it.effect("those of an earlier life are counted and removed", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      for (let life = 0; life < 10; life += 1) {
        yield* TestClock.setTime(1_700_000_000_000 + 777 * life)
        const agent = startLife(folder, 4)
        for (let i = 0; i < 3; i += 1) yield* agent.write(3 * life + i)
        yield* agent.end
      }
      assert.deepStrictEqual(contentsOf(folder), [25, 26, 27, 28, 29].map(lineOf))
    })
  )

  it.effect("every one has a name of its own, also where all were rotated in one millisecond", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      yield* at("2026-11-25")
      const life = startLife(folder, 1000)
      for (let number = 0; number < 1000; number += 1) yield* life.write(number)
      assert.deepStrictEqual(
        contentsOf(folder),
        Array.from({ length: 1000 }, (_, number) => lineOf(number))
      )
    })
  )
})

describe("files that the agent did not make", () => {
  it.effect("are neither counted nor removed, whatever their names", () =>
    Effect.gen(function* () {
      shows("log-retention")
      const folder = yield* privateFolder
      const strangers = ["a.log.1700000000001", "a.log.9999999999999", "a.log.999999999999999", "a.log.1", "a.log.gz"]
      for (const stranger of strangers) writeFileSync(`${folder}/${stranger}`, stranger)
      // In the millisecond of its name, but not to the very microsecond; and by another clock.
      utimesSync(`${folder}/a.log.1700000000001`, 1_700_000_000.0015, 1_700_000_000.0015)
      utimesSync(`${folder}/a.log.9999999999999`, 1_700_000_000, 1_700_000_000)
      symlinkSync("a.log.1", `${folder}/a.log.1700000000002`)
      mkdirSync(`${folder}/a.log.1700000000003`)
      yield* at("2026-11-25")
      const life = startLife(folder, 2)
      for (let number = 0; number < 10; number += 1) yield* life.write(number)
      for (const stranger of strangers) assert.strictEqual(readFileSync(`${folder}/${stranger}`, "utf8"), stranger)
      const others = [...strangers, "a.log.1700000000002", "a.log.1700000000003"]
      const own = readdirSync(folder).filter((file) => isRotated(file) && !others.includes(file))
      assert.deepStrictEqual(contentsOf(folder, own.toSorted()), [7, 8, 9].map(lineOf))
      assert.strictEqual(readdirSync(folder).length, others.length + 3)
    })
  )

  it.effect("are not overwritten where they have the next name", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      yield* TestClock.setTime(1_700_000_000_000)
      for (const number of [1_700_000_000_000, 1_700_000_000_001, 1_700_000_000_003])
        writeFileSync(`${folder}/a.log.${number}`, "stranger")
      const life = startLife(folder, 5)
      for (const number of [1, 2, 3]) yield* life.write(number)
      const own = ["a.log.1700000000002", "a.log.1700000000004"]
      assert.deepStrictEqual(contentsOf(folder, own), [1, 2, 3].map(lineOf))
    })
  )

  it.effect("are not removed where they took the place of a rotated file", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      yield* TestClock.setTime(1_700_000_000_000)
      const life = startLife(folder, 1)
      for (const number of [1, 2]) yield* life.write(number)
      rmSync(`${folder}/a.log.1700000000000`)
      writeFileSync(`${folder}/a.log.1700000000000`, "stranger")
      for (const number of [3, 4, 5]) yield* life.write(number)
      assert.strictEqual(readFileSync(`${folder}/a.log.1700000000000`, "utf8"), "stranger")
      assert.lengthOf(readdirSync(folder), 3)
    })
  )

  it.effect("are those of another user", () =>
    Effect.gen(function* () {
      const disk = memoryDisk()
      yield* TestClock.setTime(1_700_000_000_000)
      const stranger = { inode: 99, bytes: Buffer.from("stranger"), modifiedMillis: 1_600_000_000_000, owner: 2 }
      disk.files.set("/log/a.log.1600000000000", stranger)
      disk.files.set("/log/a.log.1600000000001", { ...stranger, modifiedMillis: 1_600_000_000_001, owner: 1 })
      const life = startLife("/log", 1, disk)
      for (const number of [1, 2, 3]) yield* life.write(number)
      assert.deepStrictEqual([...disk.files.keys()].toSorted(), [
        "/log/a.log",
        "/log/a.log.1600000000000",
        "/log/a.log.1700000000001"
      ])
    })
  )
})

describe("a rotated file", () => {
  it.effect("has the time in its name as time of modification, by which the next agent knows it", () =>
    Effect.gen(function* () {
      const folder = yield* privateFolder
      yield* at("2026-11-25T12:34:56.789Z")
      const life = startLife(folder, 5)
      for (const number of [1, 2]) yield* life.write(number)
      const [file = ""] = readdirSync(folder).filter(isRotated)
      assert.strictEqual(Number(file.slice(6)), Date.parse("2026-11-25T12:34:56.789Z"))
      assert.approximately(statSync(`${folder}/${file}`).mtimeMs, Number(file.slice(6)), 0.01)
    })
  )

  it.effect("is counted by the next agent also where the file system keeps whole seconds", () =>
    Effect.gen(function* () {
      const disk = memoryDisk()
      disk.timeStep = 1000
      yield* TestClock.setTime(1_700_000_000_123)
      for (let life = 0; life < 4; life += 1) {
        const agent = startLife("/log", 2, disk)
        for (const number of [1, 2]) yield* agent.write(number)
        yield* agent.end
        yield* TestClock.adjust(4567)
      }
      assert.lengthOf([...disk.files.keys()], 3)
    })
  )

  it.effect("is counted in this life where its time cannot be set, which costs one warning", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const plain = memoryDisk()
      const disk: Disk = {
        ...plain,
        setModified: () => Effect.fail(new DiskError({ code: "EPERM", message: "EPERM: operation not permitted" }))
      }
      const life = startLife("/log", 2, disk)
      yield* Effect.gen(function* () {
        for (let number = 0; number < 10; number += 1) yield* life.write(number)
      }).pipe(Effect.provide(Logger.layer([Logger.map(Logger.formatSimple, (line) => void logged.push(line))])))
      assert.lengthOf([...plain.files.keys()], 3)
      assert.lengthOf(
        logged.filter((line) => line.includes("EPERM")),
        1
      )
      assert.include(logged.join("\n"), "it will stay when the next agent starts")
    })
  )
})

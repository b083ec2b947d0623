import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Disk, realDisk } from "../../../src/layers/logs/disk.ts"
import { makeRotatingFile } from "../../../src/layers/logs/rotatingFile.ts"

const privateFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-removal-`)),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Writes "one", and then "two", just before which another program does this to the file, which is open already. */
const writeWhile = Effect.fnUntraced(function* (change: (path: string) => void, disk: Disk = realDisk) {
  const path = `${yield* privateFolder}/a.log`
  let writes = 0
  const changed: Disk = {
    ...disk,
    append: (file, bytes) => {
      writes += 1
      if (writes === 2) change(path)
      return disk.append(file, bytes)
    }
  }
  const file = makeRotatingFile({ disk: changed, path, maxBytes: 1000, retentionCount: 3 })
  for (const line of ["one\n", "two\n"]) {
    assert.deepStrictEqual(yield* file.write(Buffer.from(line)), { written: 4, error: undefined })
  }
  yield* file.close
  return { path, read: (suffix = "") => readFileSync(`${path}${suffix}`, "utf8") }
})

describe("lines that are written while another program", () => {
  it.effect("removes the file are in the next one", () =>
    Effect.gen(function* () {
      const { read } = yield* writeWhile((path) => rmSync(path))
      assert.strictEqual(read(), "two\n")
    })
  )

  it.effect("moves the file are in the moved one", () =>
    Effect.gen(function* () {
      const { read } = yield* writeWhile((path) => renameSync(path, `${path}.moved`))
      assert.strictEqual(read(".moved"), "one\ntwo\n")
    })
  )

  it.effect("does nothing are written once, also on a file system that does not count a file's names", () =>
    Effect.gen(function* () {
      const { read } = yield* writeWhile(() => {}, { ...realDisk, isRemoved: () => Effect.succeed(true) })
      assert.strictEqual(read(), "one\ntwo\n")
    })
  )
})

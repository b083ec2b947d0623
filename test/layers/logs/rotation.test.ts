import { assert, describe, it } from "@effect/vitest"
import { bytesThatFit, filesToRemove } from "../../../src/layers/logs/rotation.ts"

describe("rotation", () => {
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

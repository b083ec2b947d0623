import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { settingNames } from "../../../src/layers/config/decode.ts"
import { settingsDocument } from "../../../src/layers/config/settingsDocument.ts"

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8")

describe("the settings table", () => {
  it("has every documented variable, and no other", () => {
    const documented = read("documented-variables.txt").split("\n").filter(Boolean)
    assert.deepStrictEqual([...settingNames].sort(), documented.sort())
  })

  it("is what docs/settings.md says", () => {
    assert.strictEqual(read("../../../docs/settings.md"), settingsDocument())
  })
})

import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { settingNames } from "../../src/layers/config/decode.ts"
import { claimsIn, collectClaims, sharedText } from "./collect.ts"
import { coverageDocument, unshown } from "./document.ts"
import { pending } from "./pending.ts"

const claims = collectClaims()

describe("what the tests show", () => {
  it("is every setting and every rule, except those that are listed as pending", () => {
    assert.deepStrictEqual(unshown(claims), pending)
  })

  it("is used by the test that claims it: a setting occurs in its source, or in source that it shares with other tests", () => {
    const names: ReadonlySet<string> = new Set(settingNames)
    const empty = claims.flatMap(({ file, test, text, what }) =>
      what
        .filter((name) => names.has(name))
        .filter((name) => !new RegExp(`\\b${name}\\b`).test(text) && !sharedText(file).includes(name))
        .map((name) => `${file}: ${test}: ${name}`)
    )
    assert.deepStrictEqual(empty, [])
  })

  it("is what docs/coverage.md says", () => {
    assert.strictEqual(
      readFileSync(new URL("../../docs/coverage.md", import.meta.url), "utf8"),
      coverageDocument(claims),
      "run `npm run docs`"
    )
  })

  it("is found in every form of test", () => {
    const call = "shows"
    const source = `
describe("a", () => {
  it("plain", async () => {
    ${call}("ONE", "two-two")
    use("ONE")
  })

  describe("b", () => {
    for (const signal of signals) {
      it(\`on \${signal} ends\`, () => {
        ${call}("THREE")
      })
    }

    it.effect.prop(
      "in several lines",
      { a: A },
      Effect.fnUntraced(function* ({ a }) {
        ${call}(
          "FOUR",
          "FIVE"
        )
      })
    )
  })

  it.each(["x", "y"] as const)("for each %s", (x) => {
    ${call}("SIX")
  })

  it.effect("in a generator", () =>
    Effect.gen(function* () {
      ${call}("SEVEN")
    }).pipe(Effect.provide(layer))
  )
})

it("alone", () => {
  ${call}("EIGHT")
})
`
    const found = claimsIn("x.test.ts", source)
    assert.deepStrictEqual(
      found.map(({ test, what }) => [test, ...what]),
      [
        ["a > plain", "ONE", "two-two"],
        ["a > b > on <signal> ends", "THREE"],
        ["a > b > in several lines", "FOUR", "FIVE"],
        ["a > for each %s", "SIX"],
        ["a > in a generator", "SEVEN"],
        ["alone", "EIGHT"]
      ]
    )
    assert.strictEqual(found[0]?.text.trim(), 'it("plain", async () => {\n    \n    use("ONE")\n  })')
    assert.throws(() => claimsIn("x.test.ts", `${call}("ONE")\n`), "x.test.ts:1: shows() is in no test")
  })
})

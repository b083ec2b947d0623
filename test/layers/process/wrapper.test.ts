import { assert, describe, it } from "@effect/vitest"
import { holdsNetAdmin, wrapperCandidates } from "../../../src/layers/process/wrapper.ts"
import { shows } from "../../shows.ts"

describe("the wrapper", () => {
  const status = (permitted: string, bounding: string) => `Name:\tnode\nCapPrm:\t${permitted}\nCapBnd:\t${bounding}\n`
  const netAdmin = "0000000000001000"

  it("hands NET_ADMIN on where the agent holds it, root by its permitted and others by their bounding set", () => {
    shows("net-admin")
    assert.isTrue(holdsNetAdmin(status(netAdmin, "0"), 0))
    assert.isFalse(holdsNetAdmin(status("0", netAdmin), 0))
    assert.isTrue(holdsNetAdmin(status("0", netAdmin), 1000))
    assert.isFalse(holdsNetAdmin("", 0))
  })

  it("always asks for Envoy's death with the agent's", () => {
    for (const candidate of [...wrapperCandidates(true), ...wrapperCandidates(false)]) {
      assert.match(candidate[0] ?? "", /^(\/usr\/bin\/)?setpriv$/)
      assert.deepStrictEqual(candidate.slice(1, 3), ["--pdeathsig", "KILL"])
      assert.strictEqual(candidate.at(-1), "--")
    }
    assert.include(wrapperCandidates(true)[0] ?? [], "--ambient-caps")
    assert.notInclude(wrapperCandidates(false).flat(), "--ambient-caps")
  })

  it("takes the system's setpriv first where the one on PATH may have capabilities that this container does not hold", () => {
    const plain = [
      ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"],
      ["setpriv", "--pdeathsig", "KILL", "--"]
    ]
    assert.deepStrictEqual(wrapperCandidates(false), plain)
    assert.deepStrictEqual(wrapperCandidates(true).slice(1), plain)
  })
})

import { assert, describe, it } from "@effect/vitest"
import { hasOwnSetpriv, holdsNetAdmin, wrapperCandidates } from "../../../src/layers/process/wrapper.ts"
import { shows } from "../../shows.ts"

describe("the wrapper", () => {
  const status = (permitted: string, bounding: string) => `Name:\tnode\nCapPrm:\t${permitted}\nCapBnd:\t${bounding}\n`
  const netAdmin = "0000000000001000"

  it("hands NET_ADMIN on where the agent holds it, or the image's setpriv can give it", () => {
    shows("net-admin")
    for (const user of [0, 1000]) {
      assert.isTrue(holdsNetAdmin(status(netAdmin, "0"), user, false))
      assert.isFalse(holdsNetAdmin(status("0", netAdmin), user, false))
      assert.isFalse(holdsNetAdmin("", user, true))
    }
    assert.isTrue(holdsNetAdmin(status("0", netAdmin), 1000, true))
    assert.isFalse(holdsNetAdmin(status("0", "0"), 1000, true))
    assert.isFalse(holdsNetAdmin(status("0", netAdmin), 0, true))
  })

  it("knows the image's setpriv by its place before the system's", () => {
    const files: Readonly<Record<string, string>> = {
      "/usr/bin/setpriv": "/usr/bin/setpriv",
      "/bin/setpriv": "/usr/bin/setpriv",
      "/usr/local/bin/setpriv": "/usr/local/bin/setpriv"
    }
    const on = (path: string | undefined) => hasOwnSetpriv(path, (file) => files[file])
    assert.isTrue(on("/usr/local/bin:/usr/bin"))
    assert.isFalse(on("/usr/bin:/usr/local/bin"))
    assert.isFalse(on("/bin:/usr/local/bin"))
    assert.isFalse(on("/nowhere::/bin"))
    assert.isFalse(on(undefined))
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

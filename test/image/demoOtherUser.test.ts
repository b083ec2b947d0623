import { chmodSync, utimesSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { asOtherUser, copyTree, folderOfOtherUser, nothing, startDemo } from "../demo/demo.ts"
import { privateFolder } from "../e2e/agent.ts"

describe("the demo as another user than the owner of the terminal and the files", () => {
  it("works where this user may not open stdout and stderr again", async () => {
    const folder = folderOfOtherUser()
    const reopen = 'for n in 1 2; do [ -w /proc/self/fd/$n ] && echo "can open $n"; done; exec "$@"'
    const under = [...asOtherUser, "sh", "-c", reopen, "sh"]
    const demo = startDemo({ columns: 80, folder, under, environment: { DEMO_SECONDS: "1" } })
    expect(await demo.exited).toBe(0)
    expect(demo.stdout()).not.toContain("can open")
    expect(demo.stdout()).toMatch(/Done: [1-9]\d* requests ok, 0 failed; the agent ended with exit code 0\./)
    expect(demo.stdout()).not.toContain("Permission denied")
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("works where this user may not write to dist and .envoy", async () => {
    const demo = startDemo({
      tree: copyTree(),
      folder: folderOfOtherUser(),
      under: asOtherUser,
      environment: { DEMO_SECONDS: "0.5" }
    })
    expect(await demo.exited).toBe(0)
    expect(demo.all()).not.toMatch(/older than|denied/)
  })

  it("runs an agent that is older than its sources and reports that", async () => {
    const tree = copyTree()
    utimesSync(`${tree}/dist/agent.mjs`, new Date(0), new Date(0))
    const environment = { DEMO_SECONDS: "0.5" }
    const demo = startDemo({ tree, folder: folderOfOtherUser(), under: asOtherUser, environment })
    expect(await demo.exited).toBe(0)
    expect(demo.stderr()).toMatch(/agent\.mjs is older than src\/, and this user may not write it/)
  })

  it("says what to do when the agent is not built", async () => {
    const demo = startDemo({ tree: copyTree({ isBuilt: false }), folder: folderOfOtherUser(), under: asOtherUser })
    expect(await demo.exited).toBe(1)
    expect(demo.stderr()).toMatch(
      /^The agent is not built, and this user may not write to \S+: run npm run build as its owner\n$/
    )
  })

  it("says what to do when TMPDIR cannot be written", async () => {
    const folder = privateFolder()
    chmodSync(folder, 0o755)
    const demo = startDemo({ folder, under: asOtherUser })
    expect(await demo.exited).toBe(1)
    expect(demo.stderr()).toMatch(
      /^No folder can be made in \S+: EACCES: .*\nSet TMPDIR to a folder that exists and that this user may write to\.\n$/
    )
  })
})

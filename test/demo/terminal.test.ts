import { readdirSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { eventually } from "../e2e/agent.ts"
import { copyTree, type Demo, nothing, startDemo } from "./demo.ts"

const ctrlC = "key 03"

/** All status lines so far. Each has replaced the one before. */
const statusLines = (demo: Demo): ReadonlyArray<string> =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences of a terminal
  [...demo.stdout().matchAll(/\r\u001b\[J([^\r\n]+)\r(?!\n)/g)].map(([, line = ""]) => line)

const shows = (demo: Demo, count: number) =>
  eventually(() => statusLines(demo).length >= count, `${count} status lines`)

describe("the demo on a terminal", () => {
  it("keeps its status line within 40 columns and in one row", async () => {
    const demo = startDemo({ columns: 40 })
    await demo.started()
    await shows(demo, 4)
    demo.order(ctrlC)
    expect(await demo.exited).toBe(0)
    const lines = statusLines(demo)
    expect(lines.at(-1)).toMatch(/^HEALTHY, \d+ requests ok, 0 failed$/)
    for (const line of lines) expect(line.length).toBeLessThan(40)
    // There is no line feed between the first and the last one, so the screen has not scrolled.
    const [, between = ""] = /Ctrl-C stops all of it\.\s+(.*?)Ctrl-C: the agent drains/s.exec(demo.stdout()) ?? []
    expect(between).toContain("HEALTHY")
    expect(between).not.toContain("\n")
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("fits its status line to the new width when the terminal is resized", async () => {
    const demo = startDemo({ columns: 200 })
    await demo.started()
    await shows(demo, 2)
    expect(statusLines(demo).at(-1)).toMatch(/^HEALTHY, .* 0 restarts, control plane CONNECTED$/)
    demo.order("resize 30")
    await demo.says(/\rHEALTHY, \d+ requests ok\r|J(HEALTHY, \d+ requests ok)\r/)
    const before = statusLines(demo).length
    await shows(demo, before + 2)
    for (const line of statusLines(demo).slice(before)) expect(line.length).toBeLessThan(30)
    demo.order(ctrlC)
    expect(await demo.exited).toBe(0)
  })

  it("erases the status line before it prints log lines of the agent and Envoy", async () => {
    const demo = startDemo({ columns: 200 })
    const { envoyPid } = await demo.started()
    await shows(demo, 1)
    process.kill(envoyPid, "SIGKILL")
    await demo.says(/, restart 1/)
    await eventually(() => statusLines(demo).at(-1)?.includes("1 restarts"), "the restart in the status line")
    demo.order(ctrlC)
    expect(await demo.exited).toBe(0)
    for (const line of demo.stdout().split("\n")) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences of a terminal
      if (line.includes("[AppNet Agent]")) expect(line).toMatch(/(^|\r\u001b\[J)\[[^\r]*\r$/)
    }
  })

  it("counts a Ctrl-C that npm forwards as one, and npm returns the demo's exit code", async () => {
    const npm = ["npm", "start", "--ignore-scripts", "--no-update-notifier"]
    const demo = startDemo({ columns: 80, command: npm })
    await demo.started()
    demo.order(ctrlC)
    expect(await demo.exited).toBe(0)
    expect(demo.stdout()).toContain("Ctrl-C: the agent drains and stops Envoy ...")
    expect(demo.stdout()).not.toContain("second signal")
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("skips the drain when Ctrl-C is pressed twice, and leaves nothing", async () => {
    const demo = startDemo({ columns: 80, environment: { LISTENER_DRAIN_MIN_WAIT_TIME_S: "5" } })
    await demo.started()
    demo.order(ctrlC)
    await demo.says(/draining listeners/)
    await new Promise((done) => setTimeout(done, 350))
    demo.order(ctrlC)
    expect(await demo.exited).toBe(0)
    expect(demo.stdout()).toContain("came as the second signal")
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("stops in order when the terminal is closed", async () => {
    const demo = startDemo({ columns: 80 })
    await demo.started()
    demo.order("close")
    expect(await demo.exited).toBe(0)
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("finishes a running build when Ctrl-C is pressed, and then starts nothing", async () => {
    const tree = copyTree({ isBuilt: false })
    const demo = startDemo({ tree, columns: 80 })
    await eventually(() => demo.leftovers().processes.some((words) => words.includes("scripts/build.ts")), "the build")
    demo.order(ctrlC)
    expect(await demo.exited).toBe(130)
    expect(demo.stdout()).toContain("Ctrl-C: stopped before the agent was started")
    expect(demo.leftovers()).toEqual(nothing)
    expect(readdirSync(`${tree}/dist`)).toContain("agent.mjs")
  })

  it("prints plain lines on a dumb terminal", async () => {
    const demo = startDemo({ columns: 80, environment: { TERM: "dumb", DEMO_SECONDS: "1" } })
    expect(await demo.exited).toBe(0)
    expect(demo.stdout()).toMatch(/^[\x20-\x7e\r\n]+$/)
  })
})

describe("the demo without a terminal", () => {
  it("prints plain lines", async () => {
    const demo = startDemo()
    await demo.says(/^HEALTHY, \d+ requests ok, 0 failed, 0 restarts, control plane CONNECTED$/m)
    demo.child.kill("SIGTERM")
    expect(await demo.exited).toBe(0)
    expect(demo.stdout()).toMatch(/^[\x20-\x7e\n]+$/)
    expect(demo.stderr()).toMatch(/^[\x20-\x7e\n]+$/)
  })
})

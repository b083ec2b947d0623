import { describe, expect, it } from "vitest"
import { eventually, isAlive } from "../e2e/agent.ts"
import { commandLine, nothing, processesIn, silentEnvoy, startDemo } from "./demo.ts"

describe("stopping the demo", () => {
  for (const { signal, why } of [
    { signal: "SIGINT", why: "Ctrl-C" },
    { signal: "SIGTERM", why: "SIGTERM" },
    { signal: "SIGHUP", why: "The terminal was closed" }
  ] as const) {
    it(`drains and stops everything on ${signal}`, async () => {
      const demo = startDemo()
      await demo.started()
      demo.child.kill(signal)
      expect(await demo.exited).toBe(0)
      expect(demo.stdout()).toContain(`${why}: the agent drains and stops Envoy ...`)
      expect(demo.stderr()).toContain("SIGTERM: stopping")
      expect(demo.leftovers()).toEqual(nothing)
    })
  }

  it("stops at once and exits with 128 + the signal's number before the mesh is HEALTHY", async () => {
    const demo = startDemo({ environment: { APPNET_ENVOY_PATH: silentEnvoy() } })
    await demo.says(/Envoy started with pid/)
    demo.child.kill("SIGTERM")
    expect(await demo.exited).toBe(143)
    expect(demo.stdout()).toBe("SIGTERM: stopping before the mesh is HEALTHY\n")
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("skips the drain on a second signal", async () => {
    const demo = startDemo({ environment: { LISTENER_DRAIN_MIN_WAIT_TIME_S: "5" } })
    await demo.started()
    demo.child.kill("SIGTERM")
    await demo.says(/draining listeners/)
    // A signal within 300 ms counts as a copy of the first one.
    await new Promise((done) => setTimeout(done, 350))
    demo.child.kill("SIGTERM")
    expect(await demo.exited).toBe(0)
    expect(demo.stderr()).toMatch(/came as the second signal/)
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("kills an agent that does not end on the third signal", async () => {
    const demo = startDemo()
    const { agentPid } = await demo.started()
    process.kill(agentPid, "SIGSTOP")
    for (let i = 0; i < 3; i += 1) {
      demo.child.kill("SIGINT")
      await new Promise((done) => setTimeout(done, 350))
    }
    expect(await demo.exited).toBe(1)
    expect(demo.stdout()).toContain("the agent ended with SIGKILL")
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("ends with 1 and the reason when the agent is killed", async () => {
    const demo = startDemo()
    const { agentPid, envoyPid } = await demo.started()
    process.kill(agentPid, "SIGKILL")
    expect(await demo.exited).toBe(1)
    expect(demo.stderr()).toContain("The agent ended by itself: SIGKILL.")
    expect(isAlive(envoyPid)).toBe(false)
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("leaves no agent and no Envoy when the demo itself is killed", async () => {
    const demo = startDemo()
    const { agentPid, envoyPid } = await demo.started()
    demo.child.kill("SIGKILL")
    await eventually(() => !isAlive(agentPid) && !isAlive(envoyPid), "the end of agent and Envoy")
  })

  it("stops in order when the reader of stdout goes away", async () => {
    const command = ["sh", "-c", '{ sh scripts/node.sh demo/main.ts; echo "code $?" >&2; } | head -3']
    const demo = startDemo({ command })
    expect(await demo.exited).toBe(0)
    expect(demo.stdout().split("\n")).toHaveLength(4)
    expect(demo.stderr()).toContain("Nobody reads the output any more: the agent drains and stops Envoy ...")
    expect(demo.stderr()).toMatch(/Done: .*\ncode 0\n$/)
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("stops in order when the reader of stdout and stderr goes away", async () => {
    const demo = startDemo({ command: ["sh", "-c", "sh scripts/node.sh demo/main.ts 2>&1 | head -3"] })
    expect(await demo.exited).toBe(0)
    expect(demo.stdout().split("\n")).toHaveLength(4)
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("stops and exits with 1 when its output cannot be written", async () => {
    const demo = startDemo({ command: ["sh", "-c", "sh scripts/node.sh demo/main.ts >/dev/full"] })
    expect(await demo.exited).toBe(1)
    expect(demo.stderr()).toMatch(/stdout cannot be written \(ENOSPC/)
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("stops on a signal while the reader of its output reads nothing and so blocks Envoy too", async () => {
    const script = '{ { sh scripts/node.sh demo/main.ts 2>&1; echo "code $?" >&3; } | sleep 25; } 3>&2'
    const demo = startDemo({ command: ["sh", "-c", script], environment: { ENVOY_LOG_LEVEL: "trace" } })
    const find = (words: string) => processesIn(demo.folder).find((pid) => commandLine(pid).includes(words))
    await eventually(() => find("-l trace"), "Envoy")
    await new Promise((done) => setTimeout(done, 1000))
    process.kill(find("node demo/main.ts") ?? 0, "SIGTERM")
    const [, code] = await demo.says(/^code (\d+)$/m)
    expect(["1", "143"]).toContain(code)
    expect(find("-l trace")).toBe(undefined)
    expect(demo.leftovers().files).toEqual([])
  })

  it("stops on a SIGTERM to npm, which returns the demo's exit code", async () => {
    const npm = ["npm", "start", "--ignore-scripts", "--no-update-notifier"]
    const demo = startDemo({ command: npm })
    await demo.started()
    demo.child.kill("SIGTERM")
    expect(await demo.exited).toBe(0)
    expect(demo.stdout()).toContain("SIGTERM: the agent drains and stops Envoy ...")
    expect(demo.leftovers()).toEqual(nothing)
  })
})

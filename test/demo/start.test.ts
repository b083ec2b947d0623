import { readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it, onTestFinished } from "vitest"
import { preferredPorts, reservePorts } from "../../demo/ports.ts"
import { ask } from "../e2e/agent.ts"
import { copyTree, nothing, startDemo, statusOf } from "./demo.ts"

/** Listens on the demo's preferred ports and on some that follow, or on others where another demo has them. */
const takePreferred = async (): Promise<ReadonlyArray<number>> => {
  const first = await reservePorts()
  const second = await reservePorts({ ...preferredPorts, agent: preferredPorts.agent + 1 })
  for (const { giveUp, release } of [first, second]) {
    giveUp()
    onTestFinished(release)
  }
  return [first, second].flatMap(({ ports }) => Object.values(ports))
}

describe("the demo", () => {
  it("sends traffic for DEMO_SECONDS, then exits with 0 and leaves nothing", async () => {
    const demo = startDemo({ environment: { DEMO_SECONDS: "1.5" } })
    const running = await demo.started()
    expect((await statusOf(running)).healthStatus).toBe("HEALTHY")
    const { listener, upstream, admin } = running.ports
    expect((await ask(`http://127.0.0.1:${listener}`, "/hello")).body).toBe("hello from the mesh\n")
    expect((await ask(`http://127.0.0.1:${listener}`, "/")).body).toContain("hello from the upstream")
    expect((await ask(`http://127.0.0.1:${upstream}`, "/")).body).toContain("hello from the upstream")
    expect((await ask(`http://127.0.0.1:${admin}`, "/ready")).body).toBe("LIVE\n")
    expect(await demo.exited).toBe(0)
    expect(demo.stdout()).toContain("Time is up: the agent drains and stops Envoy ...")
    expect(demo.stdout()).toMatch(/Done: [1-9]\d* requests ok, 0 failed; the agent ended with exit code 0\.\n$/)
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("exits with 1 after DEMO_SECONDS if a request failed", async () => {
    const tree = copyTree()
    const mesh = `${tree}/resources/demo/mesh.yaml`
    writeFileSync(
      mesh,
      readFileSync(mesh, "utf8").replace("route: { cluster: upstream }", "directResponse: { status: 503 }")
    )
    const demo = startDemo({ tree, environment: { DEMO_SECONDS: "1" } })
    expect(await demo.exited).toBe(1)
    expect(demo.stdout()).toMatch(/Done: 0 requests ok, [1-9]\d* failed; the agent ended with exit code 0\./)
  })

  it("has no warning of Envoy or the agent in its log", async () => {
    const demo = startDemo({ environment: { DEMO_SECONDS: "1" } })
    expect(await demo.exited).toBe(0)
    expect(demo.stderr()).toContain("[info] [AppNet Agent] HEALTHY")
    expect(demo.all()).not.toMatch(/\[(warning|error|critical)\]/)
  })

  it("gives Envoy no reason for a warning, except for the SIGTERM at the end", async () => {
    const demo = startDemo({ environment: { DEMO_SECONDS: "1", ENVOY_LOG_LEVEL: "warn" } })
    expect(await demo.exited).toBe(0)
    const lines = demo.stderr().split("\n")
    expect(lines.filter((line) => /\[(warning|error|critical)\]/.test(line))).toEqual([
      expect.stringMatching(/\[warning\]\[main\].* caught ENVOY_SIGTERM$/)
    ])
  })

  it("chooses other ports when several of its preferred ones are taken", async () => {
    const taken = await takePreferred()
    const demo = startDemo({ environment: { DEMO_SECONDS: "1" } })
    const chosen = Object.values((await demo.started()).ports)
    expect(new Set([...chosen, ...taken]).size).toBe(12)
    expect(await demo.exited).toBe(0)
    expect(demo.all()).not.toMatch(/in use/i)
  })

  it("runs twice at once", async () => {
    const demos = [startDemo(), startDemo()]
    const running = await Promise.all(demos.map((demo) => demo.started()))
    expect(new Set(running.flatMap(({ ports }) => Object.values(ports))).size).toBe(8)
    for (const demo of demos) demo.child.kill("SIGTERM")
    expect(await Promise.all(demos.map(({ exited }) => exited))).toEqual([0, 0])
    for (const demo of demos) {
      expect(demo.stdout()).toMatch(/Done: \d+ requests ok, 0 failed/)
      expect(demo.leftovers()).toEqual(nothing)
    }
  })

  it("serves an edited mesh, and reports an edit that cannot be served and one that Envoy rejects", async () => {
    const tree = copyTree()
    const mesh = `${tree}/resources/demo/mesh.yaml`
    const original = readFileSync(mesh, "utf8")
    const demo = startDemo({ tree })
    const { ports } = await demo.started()
    writeFileSync(mesh, original.replace("hello from the mesh", "good morning"))
    await demo.says(/resources\/demo\/mesh\.yaml changed: sent to Envoy/)
    writeFileSync(mesh, original.replace("statPrefix: ingress", "statPrefiks: ingress"))
    await demo.says(/mesh\.yaml cannot be served: listeners\[0\]\..*expected a field of .*"statPrefiks"/)
    writeFileSync(mesh, original.replace('domains: ["*"]', "domains: []"))
    await demo.says(/Envoy rejects resources\/demo\/mesh\.yaml: .*domains/i)
    expect((await ask(`http://127.0.0.1:${ports.listener}`, "/hello")).body).toBe("good morning\n")
  })

  it("overrides settings in the environment that it depends on, and passes on the others", async () => {
    const demo = startDemo({
      environment: {
        ENVOY_CONFIG_FILE: "/nonexistent",
        APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1",
        APPMESH_XDS_ENDPOINT: "unix:///nonexistent",
        ENVOY_ADMIN_MODE: "uds",
        APPNET_AGENT_LOG_FORMAT: "json",
        DEMO_SECONDS: "0.5"
      }
    })
    expect(await demo.exited).toBe(0)
    expect(demo.stderr()).toContain('"source":"AppNet Agent"')
  })
})

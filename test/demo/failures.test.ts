import { readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { agentFile, privateFolder } from "../e2e/agent.ts"
import { copyTree, nothing, silentEnvoy, startDemo } from "./demo.ts"

/** A tree in which the port named by this variable is taken when the first agent starts. */
const treeOfRace = (variable: string): string => {
  const tree = copyTree()
  const script = `
    import { existsSync, writeFileSync } from "node:fs"
    import net from "node:net"
    if (!existsSync("${tree}/raced")) {
      writeFileSync("${tree}/raced", "")
      await new Promise((done) => net.createServer().listen(Number(process.env.${variable}), "127.0.0.1", done))
    }
    await import("${agentFile}")`
  writeFileSync(`${tree}/dist/agent.mjs`, script)
  return tree
}

/** Settings with which the first `times` servers of this kind in the demo's process find their port taken. */
const failingServers = (kind: "http.Server" | "Http2Server", times: number): Readonly<Record<string, string>> => {
  const path = `${privateFolder()}/fail.mjs`
  const script = `
    import http from "node:http"
    import net from "node:net"
    const isMeant = (server) => "${kind}" === (server instanceof http.Server ? "http.Server" : server.constructor.name)
    const { listen } = net.Server.prototype
    let left = process.argv[1]?.endsWith("demo/main.ts") ? ${times} : 0
    net.Server.prototype.listen = function (...words) {
      if (left === 0 || !isMeant(this)) return listen.apply(this, words)
      left -= 1
      const error = Object.assign(new Error("listen EADDRINUSE: address already in use"), { code: "EADDRINUSE" })
      process.nextTick(() => this.emit("error", error))
      return this
    }`
  writeFileSync(path, script)
  return { NODE_OPTIONS: `--import=${path}` }
}

const editMesh = (tree: string, from: string, to: string) => {
  const path = `${tree}/resources/demo/mesh.yaml`
  writeFileSync(path, readFileSync(path, "utf8").replace(from, to))
}

describe("a demo whose mesh does not become HEALTHY", () => {
  it("exits with 1 after DEMO_START_SECONDS and prints what the agent reports", async () => {
    const environment = { APPNET_ENVOY_PATH: silentEnvoy(), DEMO_START_SECONDS: "1" }
    const demo = startDemo({ environment })
    expect(await demo.exited).toBe(1)
    expect(demo.stderr()).toContain("The mesh is not HEALTHY after 1 s (DEMO_START_SECONDS). The agent reports:\n")
    expect(demo.stderr()).toContain(
      "\n  UNHEALTHY: Envoy's admin does not answer (/ready: ECONNREFUSED)\n  envoyState: UNREACHABLE\n"
    )
    expect(demo.stderr()).toContain("\n  managementServerConnectionStatus: NOT_CONNECTED\n")
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("prints what Envoy rejects", async () => {
    const tree = copyTree()
    editMesh(tree, 'domains: ["*"]', "domains: []")
    const demo = startDemo({ tree, environment: { DEMO_START_SECONDS: "3" } })
    expect(await demo.exited).toBe(1)
    expect(demo.stdout()).toMatch(/^Envoy rejects resources\/demo\/mesh\.yaml: .*domains/i)
    expect(demo.stderr()).toContain(
      "\n  UNHEALTHY: Envoy did not accept its initial configuration\n  envoyState: LIVE\n"
    )
    expect(demo.stderr()).toMatch(/\n {2}initialConfigUpdateStatus: UPDATE_FAILED\n/)
    expect(demo.stderr()).toMatch(/\n {2}rejected by Envoy: .*domains/i)
  })

  it("shows on a terminal that it is waiting", async () => {
    const environment = { APPNET_ENVOY_PATH: silentEnvoy(), DEMO_START_SECONDS: "3" }
    const demo = startDemo({ columns: 80, environment })
    expect(await demo.exited).toBe(1)
    expect(demo.stdout()).toContain("\r\u001b[JWaiting for HEALTHY, Envoy is UNREACHABLE\r")
  })

  it("exits with 1 as soon as the agent ends by itself", async () => {
    const demo = startDemo({ environment: { APPNET_ENVOY_PATH: "/nonexistent" } })
    expect(await demo.exited).toBe(1)
    expect(demo.stderr()).toContain("/nonexistent does not exist")
    expect(demo.stderr()).toMatch(/The agent ended by itself before the mesh was HEALTHY: exit code 1\.\n$/)
    expect(demo.leftovers()).toEqual(nothing)
  })
})

describe("a demo whose port is taken by another program during the start", () => {
  for (const [name, variable] of [
    ["the agent's", "APPNET_AGENT_HTTP_PORT"],
    ["that of Envoy's admin", "ENVOY_ADMIN_ACCESS_PORT"]
  ] as const) {
    it(`chooses all ports again if it is ${name}`, async () => {
      const demo = startDemo({ tree: treeOfRace(variable), environment: { DEMO_SECONDS: "0.5" } })
      expect(await demo.exited).toBe(0)
      expect(demo.stdout()).toMatch(/^Another program has just taken one of the demo's ports: choosing others\n/)
      expect(demo.stdout()).toContain("Envoy is LIVE and HEALTHY.")
      expect(demo.leftovers()).toEqual(nothing)
    })
  }

  it("chooses all ports again if it is the upstream's", async () => {
    const demo = startDemo({ environment: { ...failingServers("http.Server", 1), DEMO_SECONDS: "0.5" } })
    expect(await demo.exited).toBe(0)
    expect(demo.stdout()).toMatch(/^Another program has just taken one of the demo's ports: choosing others\n/)
  })

  it("gives up after three attempts", async () => {
    const tree = copyTree()
    // Envoy's listener gets the port of the upstream, which listens by then.
    editMesh(tree, "portValue: 10080", "portValue: 10081")
    const demo = startDemo({ tree })
    expect(await demo.exited).toBe(1)
    expect(demo.stdout().match(/choosing others/g)).toHaveLength(3)
    expect(demo.stderr()).toMatch(/Other programs took a port of the demo each time: try again, or stop them\n$/)
    expect(demo.leftovers()).toEqual(nothing)
  })
})

describe("a demo that cannot start", () => {
  it("reports a control plane that cannot listen", async () => {
    const demo = startDemo({ environment: failingServers("Http2Server", 9) })
    expect(await demo.exited).toBe(1)
    expect(demo.stderr()).toMatch(/^The control plane cannot start: .*\n$/m)
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("reports a TMPDIR that does not exist", async () => {
    const demo = startDemo({ environment: { TMPDIR: "/nonexistent" } })
    expect(await demo.exited).toBe(1)
    expect(demo.stderr()).toMatch(/^No folder can be made in \/nonexistent: .*\nSet TMPDIR to a folder that exists/)
  })

  it("reports a mistake in the mesh with its path", async () => {
    const tree = copyTree()
    editMesh(tree, "connectTimeout: 1s", "connectTimeout: soon")
    const demo = startDemo({ tree })
    expect(await demo.exited).toBe(1)
    expect(demo.stderr()).toMatch(
      /^resources\/demo\/mesh\.yaml cannot be served: clusters\[0\]\.connectTimeout: expected a duration.*"soon"\n$/
    )
    expect(demo.leftovers()).toEqual(nothing)
  })

  it("reports a variable that is not a number of seconds", async () => {
    for (const name of ["DEMO_SECONDS", "DEMO_START_SECONDS"]) {
      const demo = startDemo({ environment: { [name]: "soon" } })
      expect(await demo.exited).toBe(1)
      expect(demo.stderr()).toBe(`${name}=soon is invalid: expected seconds, more than 0 and at most 2000000\n`)
    }
  })

  it("prints what the script reports that looks for Envoy", async () => {
    const tree = copyTree()
    writeFileSync(`${tree}/scripts/envoy.sh`, "echo there is no wheel for this platform >&2\nexit 1\n")
    const demo = startDemo({ tree })
    expect(await demo.exited).toBe(1)
    expect(demo.stderr()).toBe("there is no wheel for this platform\nThere is no Envoy to run.\n")
  })
})

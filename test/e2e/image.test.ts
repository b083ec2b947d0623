import { execFileSync } from "node:child_process"
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { agents, json, within, yaml } from "../docs/relay.ts"
import { envoyPath, eventually, privateFolder, root } from "./agent.ts"
import { type Container, requireRuntime, startContainer, usualCapabilities } from "./container.ts"
import { type BuiltImage, buildImage, parseInstructions } from "./dockerfile.ts"
import { answering, controlPlaneIn } from "./mesh.ts"

const user = 65534
const netAdmin = "0000000000001000"
const none = "0000000000000000"

let image: BuiltImage
const folder = mkdtempSync(`${tmpdir()}/appnet-image-`)
beforeAll(() => {
  requireRuntime()
  chmodSync(folder, 0o755)
  image = buildImage(folder, root.replace(/\/$/, ""), { node: process.execPath, envoy: envoyPath })
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const relayFolder = "/var/run/ecs/relay"
const serviceConnect = {
  APPMESH_XDS_ENDPOINT: `unix://${relayFolder}/xds.sock`,
  APPMESH_RESOURCE_ARN: "arn:aws:ecs:us-west-2:123456789012:task-set/cluster/service/ecs-svc/1"
}

/** A folder that is shared with the container's user. */
const sharedFolder = () => {
  const shared = privateFolder()
  chownSync(shared, user, user)
  return shared
}

/** A control plane with one listener, on a socket that the container's user may connect to. */
const controlPlane = async (shared: string) => {
  const plane = await controlPlaneIn(shared, { listeners: [answering(15000, "from the mesh")] })
  chmodSync(`${shared}/xds.sock`, 0o777)
  return plane
}

const health = (container: Container) => container.exec(image.config.healthCheck)

/** Envoy may wait half a minute until it tries its control plane again. */
const healthy = async (container: Container) => {
  let last = ""
  await eventually(
    async () => {
      const { code, stderr } = await health(container)
      last = stderr
      return code === 0
    },
    "HEALTHY",
    60
  ).catch((error) => {
    throw new Error(`${error.message}: ${last}\n${container.output()}`)
  })
}

/** What the agent warned about, without the control plane that comes late. */
const warningsOf = (container: Container) =>
  container
    .output()
    .split("\n")
    .filter((line) => /\[(warning|error|critical)\] \[AppNet Agent\]/.test(line) && !line.includes("management server"))

const statusOf = (pid: number) => readFileSync(`/proc/${pid}/status`, "utf8")

const envoyOf = (container: Container): number => {
  const pid = container.processes().find((pid) => /^Name:\tenvoy$/m.test(statusOf(pid)))
  if (pid === undefined) throw new Error(`no Envoy runs: ${container.output()}`)
  return pid
}

const stop = async (container: Container) => {
  process.kill(container.init, image.config.stopSignal)
  const { code } = await container.exited
  expect(code).toBe(0)
  expect(container.processes()).toEqual([])
  return readdirSync(container.tmp)
}

describe("the Dockerfile", () => {
  const instructions = parseInstructions(readFileSync(`${root}Dockerfile`, "utf8"))
  const argument = (name: string) =>
    instructions.find((found) => found.name === "ARG" && found.text.startsWith(`${name}=`))?.text.slice(name.length + 1)
  const manifest: { readonly version: string; readonly devDependencies: { readonly node: string } } = JSON.parse(
    readFileSync(`${root}package.json`, "utf8")
  )

  it("has nothing that hadolint warns about", () => {
    const words = ["scripts/hadolint.sh", "--no-color", "--failure-threshold", "style", "Dockerfile"]
    expect(execFileSync("sh", words, { cwd: root, encoding: "utf8" })).toBe("")
  }, 60_000)

  it("takes the Node and the Envoy that are tested, and the package's version", () => {
    expect(argument("NODE_IMAGE")).toMatch(new RegExp(`^node:${manifest.devDependencies.node}-`))
    const envoy = /^version=(.*)$/m.exec(readFileSync(`${root}scripts/envoy.sh`, "utf8"))?.[1]
    expect(argument("ENVOY_IMAGE")).toBe(`envoyproxy/envoy:v${envoy}`)
    expect(argument("VERSION")).toBe(manifest.version)
  })

  it("takes no base without a tag", () => {
    const bases = instructions.filter(({ name }) => name === "FROM").map(({ text }) => text.split(" ")[0] ?? "")
    expect(bases.length).toBeGreaterThan(1)
    for (const base of bases) {
      const name = /^\$\{(\w+)\}$/.exec(base)?.[1] ?? ""
      expect(argument(name), base).toMatch(/^[\w./-]+:(?!latest)[\w.-]+$/)
    }
  })

  it("makes an image whose user is not root, with an init process in front of the agent", () => {
    expect(image.config.user).toBe(`${user}:${user}`)
    expect(image.config.entrypoint).toEqual(["tini", "--", "appnet-agent"])
    expect(image.config.stopSignal).toBe("SIGTERM")
    expect(image.config.labels["org.opencontainers.image.version"]).toBe(manifest.version)
  })
})

describe("a container", { timeout: 90_000 }, () => {
  it("tells the health check when it is HEALTHY, serves, and stops by SIGTERM without a trace", async () => {
    const shared = sharedFolder()
    const environment = { ...serviceConnect, LISTENER_DRAIN_MIN_WAIT_TIME_S: "110", LISTENER_DRAIN_WAIT_TIME_S: "110" }
    const container = await startContainer(image, { environment, mounts: { [relayFolder]: shared } })
    await eventually(
      async () => (await health(container)).stderr.includes("UNHEALTHY: Envoy is PRE_INITIALIZING"),
      "Envoy waits for its control plane"
    )
    expect((await health(container)).code).toBe(1)

    await controlPlane(shared)
    await healthy(container)
    const fetched = 'fetch("http://127.0.0.1:15000").then((answer) => answer.text()).then(console.log)'
    expect((await container.exec(["node", "-e", fetched])).stdout).toBe("from the mesh\n")
    expect((await container.exec(["agent", "-envoyReadiness"])).code).toBe(0)
    expect(warningsOf(container)).toEqual([])
    const status = statusOf(envoyOf(container))
    expect(status).toContain(`Uid:\t${user}\t${user}\t${user}\t${user}\n`)
    expect(status).toContain(`CapEff:\t${none}\n`)

    process.kill(container.init, "SIGTERM")
    await eventually(async () => (await health(container)).stderr.includes("DRAINING"), "DRAINING")
    expect((await health(container)).code).toBe(1)
    // A second signal skips the rest of the wait.
    expect(await stop(container)).toEqual([])
  })

  it("needs no more than /tmp to write to, and no capability", async () => {
    const shared = sharedFolder()
    await controlPlane(shared)
    const container = await startContainer(image, {
      environment: { ...serviceConnect, LISTENER_DRAIN_MIN_WAIT_TIME_S: "0" },
      mounts: { [relayFolder]: shared },
      readOnly: true,
      capabilities: [],
      noNewPrivileges: true
    })
    await healthy(container)
    expect((await container.exec(["touch", "/var/log/x"])).stderr).toContain("Read-only file system")
    expect(warningsOf(container)).toEqual([expect.stringContaining("/var/log cannot be written")])
    expect(await stop(container)).toEqual(["envoy_admin_access.log"])
  })

  it("gives Envoy NET_ADMIN where the container has it, and takes Envoy along when the agent is killed", async () => {
    const shared = sharedFolder()
    await controlPlane(shared)
    const container = await startContainer(image, {
      environment: { ...serviceConnect, APPNET_AGENT_ADMIN_UDS_PATH: "/var/run/ecs/appnet_admin.sock" },
      mounts: { [relayFolder]: shared },
      capabilities: [...usualCapabilities, "net_admin"]
    })
    await healthy(container)
    expect(warningsOf(container)).toEqual([])
    const envoy = envoyOf(container)
    expect(statusOf(envoy)).toContain(`CapAmb:\t${netAdmin}\n`)
    const agent = container.processes().find((pid) => statusOf(pid).includes(`PPid:\t${container.init}\n`))
    process.kill(agent ?? 0, "SIGKILL")
    expect((await container.exited).code).toBe(137)
    expect(container.processes()).toEqual([])
  })

  for (const { environment, name } of agents.filter(({ name }) => name.startsWith("relay"))) {
    it(`runs the ${name} as docs/relay.md has it, on a folder of the host that was root's`, async () => {
      const shared = privateFolder()
      const setUp = json
        .concat(yaml)
        .flatMap(within)
        .find(({ name }) => name === "folder")
      const words = setUp?.entryPoint ?? setUp?.command
      expect(words).toEqual(expect.arrayContaining(["install"]))
      const asRoot: BuiltImage = { ...image, config: { ...image.config, user: "0:0", entrypoint: [] } }
      const command = Array.isArray(words) ? words.map(String) : []
      // It runs again with each start of the relay, on what it has made.
      for (const _ of [1, 2]) {
        const folder = await startContainer(asRoot, {
          command,
          mounts: { [relayFolder]: shared },
          capabilities: ["chown", "fowner"]
        })
        expect(await folder.exited).toMatchObject({ code: 0, stderr: "" })
      }
      const container = await startContainer(image, {
        environment,
        mounts: { [relayFolder]: shared },
        readOnly: true,
        capabilities: [],
        noNewPrivileges: true
      })
      await healthy(container)
      expect(warningsOf(container)).toEqual([])
      const { mode, uid } = statSync(`${shared}/xds.sock`)
      expect([uid, mode & 0o777]).toEqual([user, 0o600])
      process.kill(container.init, "SIGTERM")
      expect(await stop(container)).toEqual([])
    })
  }

  it("runs any command of the agent in the place of run", async () => {
    const container = await startContainer(image, { command: ["config", "--json"], environment: serviceConnect })
    const { code, stdout } = await container.exited
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      warnings: [],
      settings: expect.arrayContaining([
        expect.objectContaining({ name: "APPNET_ENVOY_ADMIN_ADDRESS", value: "127.0.0.1", source: "environment" })
      ])
    })
  })
})

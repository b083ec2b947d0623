import { execFileSync } from "node:child_process"
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { agents, json, within, yaml } from "../docs/relay.ts"
import { envoyPath, eventually, isAlive, privateFolder, root } from "../e2e/agent.ts"
import { answering, controlPlaneIn } from "../e2e/mesh.ts"
import { shows } from "../shows.ts"
import { type BuiltImage, buildImage } from "./buildImage.ts"
import { type Container, startContainer } from "./container.ts"

const user = 65534
const netAdmin = "0000000000001000"
const none = "0000000000000000"

let image: BuiltImage
const folder = mkdtempSync(`${tmpdir()}/appnet-image-`)
beforeAll(() => {
  chmodSync(folder, 0o755)
  image = buildImage(folder, root.replace(/\/$/, ""), { node: process.execPath, envoy: envoyPath })
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const relayFolder = "/var/run/ecs/relay"
const serviceConnect = {
  APPMESH_XDS_ENDPOINT: `unix://${relayFolder}/xds.sock`,
  APPMESH_RESOURCE_ARN: "arn:aws:ecs:us-west-2:123456789012:task-set/cluster/service/ecs-svc/1"
}

/** A folder that the container's user owns. */
const sharedFolder = () => {
  const shared = privateFolder()
  chownSync(shared, user, user)
  return shared
}

/** Starts a control plane with one listener, on a socket that the container's user may connect to. */
const startPlane = async (shared: string) => {
  const plane = await controlPlaneIn(shared, { listeners: [answering(15000, "from the mesh")] })
  chmodSync(`${shared}/xds.sock`, 0o777)
  return plane
}

const checkHealth = (container: Container) => container.exec(image.config.healthCheck)

/** Waits until the health check succeeds. Envoy may wait half a minute before it tries its control plane again. */
const untilHealthy = async (container: Container) => {
  let last = ""
  await eventually(
    async () => {
      const { code, stderr } = await checkHealth(container)
      last = stderr
      return code === 0
    },
    "HEALTHY",
    60
  ).catch((error) => {
    throw new Error(`${error.message}: ${last}\n${container.output()}`)
  })
}

/** The agent's warnings and errors, without those about the control plane, which starts late. */
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

describe("the image", () => {
  it("has a user that is not root, and an init process that starts the agent", () => {
    expect(image.config.user).toBe(`${user}:${user}`)
    expect(image.config.entrypoint).toEqual(["tini", "--", "appnet-agent"])
    expect(image.config.stopSignal).toBe("SIGTERM")
    const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8"))
    expect(image.config.labels["org.opencontainers.image.version"]).toBe(version)
  })

  it("has a setpriv that gives NET_ADMIN and nothing else, to the agent's group and nobody else", async () => {
    const setpriv = "/usr/local/bin/setpriv"
    expect(execFileSync("getcap", [`${image.root}${setpriv}`], { encoding: "utf8" })).toMatch(/ cap_net_admin=ep\n$/)
    const { gid, mode, uid } = statSync(`${image.root}${setpriv}`)
    expect([uid, gid, mode & 0o7777]).toEqual([0, user, 0o750])
    const runAs = async (user: string) => {
      const asUser: BuiltImage = { ...image, config: { ...image.config, user, entrypoint: [] } }
      const words = `${setpriv} --inh-caps +net_admin --ambient-caps +net_admin -- true`
      const options = { command: ["sh", "-c", words], capabilities: ["net_admin"] }
      return (await startContainer(asUser, options)).exited
    }
    expect(await runAs("1000:1000")).toMatchObject({ code: 126, stderr: expect.stringContaining("Permission denied") })
    expect(await runAs(`1000:${user}`)).toMatchObject({ code: 0, stderr: "" })
  })
})

describe("a container", { timeout: 90_000 }, () => {
  it("passes the health check when it is HEALTHY, serves, and leaves nothing behind after SIGTERM", async () => {
    const shared = sharedFolder()
    const environment = { ...serviceConnect, LISTENER_DRAIN_MIN_WAIT_TIME_S: "110", LISTENER_DRAIN_WAIT_TIME_S: "110" }
    const container = await startContainer(image, { environment, mounts: { [relayFolder]: shared } })
    await eventually(
      async () => (await checkHealth(container)).stderr.includes("UNHEALTHY: Envoy is PRE_INITIALIZING"),
      "Envoy waits for its control plane"
    )
    expect((await checkHealth(container)).code).toBe(1)

    await startPlane(shared)
    await untilHealthy(container)
    const fetched = 'fetch("http://127.0.0.1:15000").then((answer) => answer.text()).then(console.log)'
    expect((await container.exec(["node", "-e", fetched])).stdout).toBe("from the mesh\n")
    expect((await container.exec(["agent", "-envoyReadiness"])).code).toBe(0)
    expect(warningsOf(container)).toEqual([])
    const status = statusOf(envoyOf(container))
    expect(status).toContain(`Uid:\t${user}\t${user}\t${user}\t${user}\n`)
    expect(status).toContain(`CapEff:\t${none}\n`)

    process.kill(container.init, "SIGTERM")
    const drainingNow = "UNHEALTHY: the agent is stopping Envoy"
    await eventually(async () => (await checkHealth(container)).stderr.includes(drainingNow), drainingNow)
    expect((await checkHealth(container)).code).toBe(1)
    // The second signal skips the rest of the drain.
    expect(await stop(container)).toEqual([])
  })

  it("needs to write to /tmp alone, and needs no capability", async () => {
    const shared = sharedFolder()
    await startPlane(shared)
    const container = await startContainer(image, {
      environment: { ...serviceConnect, LISTENER_DRAIN_MIN_WAIT_TIME_S: "0" },
      mounts: { [relayFolder]: shared },
      readOnly: true,
      capabilities: [],
      noNewPrivileges: true
    })
    await untilHealthy(container)
    expect((await container.exec(["touch", "/var/log/x"])).stderr).toContain("Read-only file system")
    expect(warningsOf(container)).toEqual([expect.stringContaining("/var/log cannot be written")])
    expect(await stop(container)).toEqual([])
  })

  it("gives Envoy NET_ADMIN if the container has it, and ends Envoy when the agent is killed", async () => {
    const shared = sharedFolder()
    await startPlane(shared)
    const container = await startContainer(image, {
      environment: { ...serviceConnect, APPNET_AGENT_ADMIN_UDS_PATH: "/var/run/ecs/appnet_admin.sock" },
      mounts: { [relayFolder]: shared },
      capabilities: ["net_admin"]
    })
    await untilHealthy(container)
    expect(warningsOf(container)).toEqual([])
    const envoy = envoyOf(container)
    for (const set of ["CapAmb", "CapPrm", "CapEff"]) expect(statusOf(envoy)).toContain(`${set}:\t${netAdmin}\n`)
    const agent = container.processes().find((pid) => statusOf(pid).includes(`PPid:\t${container.init}\n`))
    process.kill(agent ?? 0, "SIGKILL")
    expect((await container.exited).code).toBe(137)
    expect(container.processes()).toEqual([])
  })

  for (const { environment, name } of agents.filter(({ name }) => name.startsWith("relay"))) {
    it(`runs the ${name} as in docs/relay.md, on a folder of the host that belonged to root`, async () => {
      const shared = privateFolder()
      const setUp = json
        .concat(yaml)
        .flatMap(within)
        .find(({ name }) => name === "folder")
      const words = setUp?.entryPoint ?? setUp?.command
      expect(words).toEqual(expect.arrayContaining(["install"]))
      const asRoot: BuiltImage = { ...image, config: { ...image.config, user: "0:0", entrypoint: [] } }
      const command = Array.isArray(words) ? words.map(String) : []
      // This container runs before each start of the relay: the second run finds the folder as the first left it.
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
      await untilHealthy(container)
      expect(warningsOf(container)).toEqual([])
      const { mode, uid } = statSync(`${shared}/xds.sock`)
      expect([uid, mode & 0o777]).toEqual([user, 0o600])
      process.kill(container.init, "SIGTERM")
      expect(await stop(container)).toEqual([])
    })
  }

  for (const isCustom of [false, true]) {
    it(`says in one line that the kernel refuses an Envoy with capabilities that it lacks${isCustom ? ", with a custom bootstrap too" : ""}`, async () => {
      const envoy = `${image.root}/usr/bin/envoy`
      execFileSync("setcap", ["cap_net_admin+ep", envoy])
      const shared = sharedFolder()
      writeFileSync(
        `${shared}/own.yaml`,
        "admin: { address: { socket_address: { address: 127.0.0.1, port_value: 9901 } } }"
      )
      try {
        const container = await startContainer(image, {
          environment: {
            ...serviceConnect,
            APPNET_ENVOY_RESTART_COUNT: "3",
            ...(isCustom ? { ENVOY_CONFIG_FILE: `${relayFolder}/own.yaml` } : {})
          },
          mounts: { [relayFolder]: shared },
          capabilities: []
        })
        const { code, stderr } = await container.exited
        expect(code).toBe(1)
        const [line, ...others] = stderr
          .trim()
          .split("\n")
          .filter((line) => !line.includes("[info]"))
        expect(line).toMatch(
          /\[critical\] .*\/usr\/bin\/envoy cannot be started by this user \(spawn EPERM\), as for a file with/
        )
        expect(others).toEqual([])
      } finally {
        execFileSync("setcap", ["-r", envoy])
      }
    })
  }

  it("ends an Envoy whose file has capabilities with an agent that is killed, although the kernel forgets the death signal", async () => {
    shows("dies-with-agent")
    const envoy = `${image.root}/usr/bin/envoy`
    execFileSync("setcap", ["cap_net_bind_service+ep", envoy])
    try {
      const shared = sharedFolder()
      await startPlane(shared)
      const container = await startContainer(image, {
        environment: { ...serviceConnect, APPNET_AGENT_ADMIN_UDS_PATH: "/var/run/ecs/appnet_admin.sock" },
        mounts: { [relayFolder]: shared },
        // The container outlives the agent, as where it shares its processes with others.
        command: ["sh", "-c", "appnet-agent & wait; sleep 60"],
        entrypoint: ["tini", "--"]
      })
      await untilHealthy(container)
      const pid = envoyOf(container)
      expect(statusOf(pid)).toMatch(/CapEff:\t0+400\n/)
      const agent = container
        .processes()
        .find((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("node\0"))
      process.kill(agent ?? 0, "SIGKILL")
      await eventually(() => !isAlive(pid), "Envoy is gone")
      expect((await container.exec(["true"])).code).toBe(0)
    } finally {
      execFileSync("setcap", ["-r", envoy])
    }
  })

  it("whose process 1 is the agent says that it needs an init, and stops on SIGTERM all the same", async () => {
    shows("process-1")
    const shared = sharedFolder()
    await startPlane(shared)
    const container = await startContainer(image, {
      environment: { ...serviceConnect, LISTENER_DRAIN_MIN_WAIT_TIME_S: "0" },
      mounts: { [relayFolder]: shared },
      entrypoint: ["appnet-agent"]
    })
    await untilHealthy(container)
    expect(warningsOf(container)).toEqual([expect.stringContaining("the agent is process 1 here")])
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) process.kill(container.init, signal)
    await untilHealthy(container)
    expect(await stop(container)).toEqual([])
  })

  it("runs any command of the agent instead of run", async () => {
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

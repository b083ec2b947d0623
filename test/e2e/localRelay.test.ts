import { readFileSync } from "node:fs"
import { describe, expect, it, onTestFinished } from "vitest"
import { shows } from "../shows.ts"
import { type Agent, ask, eventually, filesIn, freePort, privateFolder, processesOf, startAgent } from "./agent.ts"
import { startContainerCredentials } from "./containerCredentials.ts"
import {
  keepAsking,
  lastingKey,
  startAppMesh,
  startUpstream,
  streamsOfEnvoys,
  temporaryKey,
  type Upstream
} from "./relay.ts"

const connected = { healthStatus: "HEALTHY", managementServerConnectionStatus: "CONNECTED" }

/** The process of the relay's Envoy, found by the name of its bootstrap. */
const relayPidOf = (agent: Agent): number => {
  const [pid, other] = processesOf(agent.folder).filter((pid) =>
    /envoy[^\0]*\0(?:.*\0)?-c\0[^\0]*\/relay-bootstrap\.json/s.test(readFileSync(`/proc/${pid}/cmdline`, "latin1"))
  )
  if (pid === undefined || other !== undefined) throw new Error("not exactly one Envoy of a local relay")
  return pid
}

const serving = async (environment: Readonly<Record<string, string>> = lastingKey, upstream?: Upstream) => {
  const server = upstream ?? (await startUpstream())
  const agent = await startAppMesh(server, environment)
  await agent.until(connected, 40)
  expect((await ask(server.listener, "/")).body).toBe("through the relay")
  return { agent, upstream: server }
}

describe("local relay mode", () => {
  it("signs the requests of an Envoy that cannot sign, in App Mesh mode", async () => {
    shows("mode-local-relay")
    const { agent, upstream } = await serving()
    const { requests } = upstream.plane()
    expect(requests.map(({ verdict }) => verdict.problem)).toEqual(requests.map(() => undefined))
    expect(upstream.plane().header(requests[0], "authorization")).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDLASTING\/\d{8}\/us-west-2\/appmesh\/aws4_request, /
    )
    const status = await agent.status()
    expect(status).toMatchObject({ localRelayEnvoyState: "LIVE", localRelayEnvoyRestartCount: "0" })
    expect(Number(status.envoyPid)).not.toBe(relayPidOf(agent))
    const admin = `http://127.0.0.1:${agent.environment.APPNET_LOCAL_RELAY_ADMIN_PORT}`
    expect((await ask(admin, "/ready")).body.trim()).toBe("LIVE")

    agent.child.kill("SIGTERM")
    expect(await agent.exited).toEqual({ code: 0, signal: null })
    expect(processesOf(agent.folder)).toEqual([])
    expect(filesIn(agent.folder).filter((name) => !name.endsWith(".log"))).toEqual([])
  })

  it("has its own rotated log, or logs to the agent's output if the settings say so", async () => {
    shows("APPNET_LOCAL_RELAY_LOG_DESTINATION", "APPNET_LOCAL_RELAY_LOG_FILE_NAME")
    const name = "relay.log"
    const { agent } = await serving({
      ...lastingKey,
      ENVOY_LOG_LEVEL: "debug",
      APPNET_LOCAL_RELAY_LOG_FILE_NAME: name,
      APPNET_AGENT_MAX_LOG_FILE_SIZE: "0.01",
      APPNET_AGENT_MAX_RETENTION_COUNT: "2"
    })
    // Envoy's lines name the thread, and a file may have those of one thread alone.
    const threads = filesIn(`/proc/${relayPidOf(agent)}/task`)
    const hasRelayLine = (text: string) => threads.some((thread) => text.includes(`][${thread}][`))
    const files = () => filesIn(agent.folder).filter((file) => file.startsWith(name))
    await eventually(() => files().length === 3, "two rotated files")
    for (const file of files()) {
      const lines = readFileSync(`${agent.folder}/${file}`, "latin1")
      // The newest file may still be empty.
      if (lines !== "") expect(lines).toSatisfy(hasRelayLine)
    }
    expect(agent.stdout() + agent.stderr()).not.toSatisfy(hasRelayLine)

    const printing = await serving({
      ...lastingKey,
      APPNET_LOCAL_RELAY_LOG_FILE_NAME: "stdout"
    })
    const line = `][${relayPidOf(printing.agent)}][info]`
    await eventually(() => printing.agent.stdout().includes(line), "the relay's lines on stdout")
    expect(printing.agent.stderr()).not.toContain(line)

    // Envoy logs to stderr.
    const devices = await serving({ ...lastingKey, APPNET_LOCAL_RELAY_LOG_DESTINATION: "/dev" })
    const other = `][${relayPidOf(devices.agent)}][info]`
    await eventually(() => devices.agent.stderr().includes(other), "the relay's lines on stderr")
    expect(filesIn("/dev").filter((file) => file.endsWith(".log"))).toEqual([])
  })

  it("gives the credentials to the Envoy that signs alone", async () => {
    shows("credentials-kept")
    const agent = await startAppMesh(await startUpstream())
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    expect(readFileSync(`/proc/${envoyPid}/environ`, "latin1")).not.toContain("AWS_SECRET_ACCESS_KEY")
    expect(readFileSync(`/proc/${relayPidOf(agent)}/environ`, "latin1")).toContain("AWS_SECRET_ACCESS_KEY=lasting")
  })

  it("signs for another service if the settings name one", async () => {
    const upstream = await startUpstream({ service: "appmesh-preview" })
    await serving({ ...temporaryKey, APPMESH_SIGNING_NAME: "appmesh-preview" }, upstream)
    expect(upstream.plane().requests[0]?.verdict).toMatchObject({ problem: undefined, accessKeyId: "ASIATEMPORARY" })
  })

  it("signs with a container's credentials", async () => {
    const upstream = await startUpstream()
    const role = {
      accessKeyId: "ASIAROLE",
      secret: "role/secret",
      token: "role",
      expires: new Date(Date.now() + 3_600_000)
    }
    upstream.keys.set(role.accessKeyId, role)
    const credentials = await startContainerCredentials(role)
    onTestFinished(() => credentials.close())
    await serving({ AWS_CONTAINER_CREDENTIALS_FULL_URI: credentials.uri }, upstream)
    expect(upstream.plane().requests[0]?.verdict).toMatchObject({ problem: undefined, accessKeyId: "ASIAROLE" })
  })

  it("recovers after its Envoy was killed, while the main Envoy goes on serving", async () => {
    const { agent, upstream } = await serving({ ...lastingKey, APPNET_ENVOY_RESTART_COUNT: "1" })
    const { stop } = keepAsking(upstream.listener, "through the relay")
    const pid = await agent.envoyPid()
    const before = streamsOfEnvoys(upstream)
    process.kill(relayPidOf(agent), "SIGKILL")
    await agent.until({ localRelayEnvoyRestartCount: "1", localRelayEnvoyState: "LIVE" })
    await eventually(() => streamsOfEnvoys(upstream) > before, "a stream through the new Envoy", 60)
    await agent.until(connected, 60)
    const status = await agent.status()
    expect(Number(status.envoyPid)).toBe(pid)
    expect(status.envoyRestartCount).toBe("0")
    const { count, failures } = await stop()
    expect(count).toBeGreaterThan(0)
    expect(failures).toEqual([])
  }, 120_000)

  it("survives the loss of its management server, while the main Envoy goes on serving", async () => {
    const { agent, upstream } = await serving()
    const { stop } = keepAsking(upstream.listener, "through the relay")
    await upstream.plane().close()
    await agent.until({ managementServerConnectionStatus: "NOT_CONNECTED" })
    await upstream.restart()
    await agent.until({ ...connected, localRelayEnvoyRestartCount: "0", envoyRestartCount: "0" }, 60)
    expect((await stop()).failures).toEqual([])
  }, 120_000)

  it("leaves no process behind when the agent is killed, and the next start removes its files", async () => {
    const { agent, upstream } = await serving()
    agent.child.kill("SIGKILL")
    await agent.exited
    await eventually(() => processesOf(agent.folder).length === 0, "both Envoys are gone")
    const next = await startAppMesh(upstream, lastingKey, { folder: agent.folder })
    await next.until(connected, 40)
    next.child.kill("SIGTERM")
    await next.exited
    expect(processesOf(agent.folder)).toEqual([])
    expect(filesIn(agent.folder).filter((name) => !name.endsWith(".log"))).toEqual([])
  })

  const collisions = [
    ["APPNET_LOCAL_RELAY_ADMIN_PORT", "ENVOY_ADMIN_ACCESS_PORT"],
    ["APPNET_LOCAL_RELAY_LISTENER_PORT", "ENVOY_ADMIN_ACCESS_PORT"],
    ["APPNET_LOCAL_RELAY_LISTENER_PORT", "APPNET_AGENT_HTTP_PORT"],
    ["APPNET_LOCAL_RELAY_ADMIN_PORT", "APPNET_AGENT_HTTP_PORT"],
    ["APPNET_LOCAL_RELAY_ADMIN_PORT", "APPNET_LOCAL_RELAY_LISTENER_PORT"]
  ] as const
  it.each(collisions)("refuses to start where %s is %s", async (one, other) => {
    const port = `${await freePort()}`
    const folder = privateFolder()
    const agent = await startAgent({
      folder,
      environment: {
        AWS_REGION: "us-west-2",
        APPMESH_RESOURCE_ARN: "arn:aws:appmesh:us-west-2:123456789012:mesh/shop/virtualNode/cart",
        APPMESH_XDS_ENDPOINT: "localhost:1",
        APPNET_LOCAL_RELAY_LISTENER_PORT: `${await freePort()}`,
        APPNET_LOCAL_RELAY_ADMIN_PORT: `${await freePort()}`,
        APPNET_LOCAL_RELAY_LOG_DESTINATION: folder,
        [one]: port,
        [other]: port
      }
    })
    expect(await agent.exited).toEqual({ code: 1, signal: null })
    const line = agent
      .stderr()
      .split("\n")
      .find((words) => words.includes(one) && words.includes(other))
    expect(line).toContain(port)
    expect(agent.stderr()).not.toContain("starting main dispatch loop")
    expect(processesOf(folder)).toEqual([])
  })
})

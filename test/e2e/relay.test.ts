import { execFileSync } from "node:child_process"
import { readFileSync, statSync, writeFileSync } from "node:fs"
import { describe, expect, it, onTestFinished } from "vitest"
import { shows } from "../shows.ts"
import { type Agent, ask, envoyPath, eventually, filesIn, isAlive, privateFolder, processesOf } from "./agent.ts"
import { startContainerCredentials } from "./containerCredentials.ts"
import { startFleet } from "./fleet.ts"
import { answering } from "./mesh.ts"
import {
  keepAsking,
  lastingKey,
  type Relay,
  startRelay,
  startUpstream,
  startWorkload,
  streamsOfEnvoys,
  temporaryKey,
  type Upstream
} from "./relay.ts"

const connected = { healthStatus: "HEALTHY", managementServerConnectionStatus: "CONNECTED" }

const serving = async (relayEnvironment: Readonly<Record<string, string>>, upstream?: Upstream) => {
  const server = upstream ?? (await startUpstream())
  const relay = await startRelay(server, relayEnvironment)
  // If the socket does not exist yet, the workload's gRPC waits 10 s or more before it tries again.
  await relay.agent.until({ healthStatus: "HEALTHY" })
  const workload = await startWorkload(relay)
  await workload.until(connected)
  expect((await ask(server.listener, "/")).body).toBe("through the relay")
  return { upstream: server, relay, workload }
}

/** The path of the bootstrap that an agent's Envoy was started with. */
const bootstrapOf = async (agent: Agent) => {
  const words = readFileSync(`/proc/${await agent.envoyPid()}/cmdline`, "latin1").split("\0")
  return words[words.indexOf("-c") + 1] ?? ""
}

const openFleet = (relay: Relay, size: number) => {
  const fleet = startFleet({ address: `unix:${relay.socket}`, size })
  onTestFinished(() => fleet.close())
  return fleet
}

describe("relay mode", () => {
  it("accepts a workload's stream, signs it, and forwards it over TLS", async () => {
    shows("mode-relay")
    const { relay, upstream } = await serving(lastingKey)
    const { requests } = upstream.plane()
    expect(requests.map(({ verdict }) => verdict.problem)).toEqual(requests.map(() => undefined))
    expect(upstream.plane().header(requests[0], "authorization")).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDLASTING\/\d{8}\/us-west-2\/appmesh\/aws4_request, /
    )
    expect(upstream.plane().header(requests[0], ":authority")).toBe("localhost")
    expect(requests[0]?.verdict.signedHeaders).toEqual(expect.arrayContaining(["host", "x-amz-date"]))
    expect(requests[0]?.verdict.signedHeaders).not.toContain("te")
    expect(requests[0]?.verdict.signedHeaders).not.toContain("x-request-id")

    for (const path of [relay.socket, relay.adminSocket]) expect(statSync(path).mode & 0o777).toBe(0o600)
    const status = await relay.agent.until({ healthStatus: "HEALTHY", envoyState: "LIVE" })
    expect(Object.keys(status).filter((name) => name.startsWith("managementServer"))).toEqual([])
    const stats = await ask(`unix:${relay.adminSocket}`, "/stats?filter=server.concurrency")
    expect(stats.body).toContain("server.concurrency: 1")

    relay.agent.child.kill("SIGTERM")
    expect(await relay.agent.exited).toEqual({ code: 0, signal: null })
    expect(processesOf(relay.agent.folder)).toEqual([])
    expect(filesIn(relay.agent.folder)).toEqual([])
  })

  it("signs the headers of the signature itself with every version of Envoy, and none that proxies change", async () => {
    shows("signed-headers")
    const own = ["content-type", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"]
    // An Envoy before 1.37 would leave out what begins with x, its own headers too, so it gets a list. A later one that says
    // that it is older gets the list as well.
    const real = /\/(1\.\d+\.\d+)/.exec(execFileSync(envoyPath, ["--version"], { encoding: "utf8" }))?.[1] ?? ""
    for (const version of new Set(["1.36.4", real])) {
      const envoy = `${privateFolder()}/envoy`
      const answer = `[ "$1" = --version ] && { echo "envoy  version: 0/${version}/Clean/RELEASE/BoringSSL"; exit; }`
      writeFileSync(envoy, `#!/bin/sh\n${answer}\nexec ${envoyPath} "$@"\n`, { mode: 0o755 })
      const { relay, upstream } = await serving({ ...temporaryKey, APPNET_ENVOY_PATH: envoy })
      const listed = readFileSync(await bootstrapOf(relay.agent), "utf8").includes('"x-forwarded-"')
      expect([version, listed]).toEqual([version, version.startsWith("1.36.")])
      const [request] = upstream.plane().requests
      expect([version, request?.verdict.problem]).toEqual([version, undefined])
      expect(request?.verdict.signedHeaders).toEqual(expect.arrayContaining(own))
      for (const name of ["te", "x-request-id", "x-forwarded-proto", "x-envoy-expected-rq-timeout-ms"]) {
        expect(request?.verdict.signedHeaders).not.toContain(name)
      }
    }
  })

  it("has no Envoy that asks the instance metadata service for credentials where it has keys", async () => {
    shows("no-instance-metadata")
    const upstream = await startUpstream()
    const logOf = async (environment: Readonly<Record<string, string>>) => {
      const { agent } = await startRelay(upstream, { ...lastingKey, ENVOY_LOG_LEVEL: "debug", ...environment })
      await agent.until({ healthStatus: "HEALTHY" })
      return agent.stderr()
    }
    const log = await logOf({ AWS_EC2_METADATA_DISABLED: "" })
    expect(log).toContain("Using environment credentials provider")
    expect(log).not.toMatch(/Using instance profile credentials provider|169\.254\.169\.254/)
    // Who wants it gets it.
    expect(await logOf({ AWS_EC2_METADATA_DISABLED: "false" })).toContain("Using instance profile credentials provider")
  })

  it("signs with temporary credentials", async () => {
    const { upstream } = await serving(temporaryKey)
    const [request] = upstream.plane().requests
    expect(request?.verdict).toMatchObject({ problem: undefined, accessKeyId: "ASIATEMPORARY" })
    expect(upstream.plane().header(request, "x-amz-security-token")).toBe("temporary//token==")
  })

  it("signs with a container's credentials, and with new ones when they are renewed", async () => {
    const upstream = await startUpstream()
    const inAnHour = new Date(Date.now() + 3_600_000)
    const first = {
      accessKeyId: "ASIAFIRST",
      secret: "first/secret",
      token: "first",
      expires: new Date(Date.now() + 15_000)
    }
    const second = { accessKeyId: "ASIASECOND", secret: "second/secret", token: "second", expires: inAnHour }
    for (const { accessKeyId, secret, token } of [first, second]) upstream.keys.set(accessKeyId, { secret, token })
    const credentials = await startContainerCredentials(first)
    onTestFinished(() => credentials.close())
    const { workload } = await serving({ AWS_CONTAINER_CREDENTIALS_FULL_URI: credentials.uri }, upstream)
    expect(upstream.plane().requests[0]?.verdict).toMatchObject({ problem: undefined, accessKeyId: "ASIAFIRST" })

    credentials.rotate(second)
    const asked = credentials.requests()
    // Envoy 1.36 asks when they expire, and later versions some time before.
    await eventually(() => credentials.requests() > asked, "the relay's Envoy asks for new credentials", 40)
    // New credentials are used from the next stream on.
    await eventually(
      () => {
        upstream.plane().endStreams()
        return upstream.plane().requests.some(({ verdict }) => verdict.accessKeyId === "ASIASECOND")
      },
      "a stream that is signed with the new key",
      60
    )
    expect(upstream.plane().requests.find(({ verdict }) => verdict.problem !== undefined)).toBeUndefined()
    await workload.until(connected, 60)
  }, 120_000)

  it("recovers after its Envoy was killed, while the workload goes on serving", async () => {
    const { relay, upstream, workload } = await serving({ ...lastingKey, APPNET_ENVOY_RESTART_COUNT: "1" })
    const { stop } = keepAsking(upstream.listener, "through the relay")
    const before = streamsOfEnvoys(upstream)
    process.kill(await relay.agent.envoyPid(), "SIGKILL")
    await relay.agent.until({ healthStatus: "HEALTHY", envoyRestartCount: "1" })
    await eventually(() => streamsOfEnvoys(upstream) > before, "a stream through the new Envoy", 60)
    await workload.until(connected, 60)
    expect(statSync(relay.socket).mode & 0o777).toBe(0o600)
    const { count, failures } = await stop()
    expect(count).toBeGreaterThan(0)
    expect(failures).toEqual([])
    expect((await workload.status()).envoyRestartCount).toBe("0")
  }, 120_000)

  it("survives the loss of its management server, while the workload goes on serving", async () => {
    const { relay, upstream, workload } = await serving(lastingKey)
    const { stop } = keepAsking(upstream.listener, "through the relay")
    const relayPid = await relay.agent.envoyPid()
    await upstream.plane().close()
    await workload.until({ managementServerConnectionStatus: "NOT_CONNECTED" })
    await upstream.restart()
    await workload.until(connected, 60)
    expect(await relay.agent.envoyPid()).toBe(relayPid)
    const { count, failures } = await stop()
    expect(count).toBeGreaterThan(0)
    expect(failures).toEqual([])
  }, 120_000)

  it("carries 200 streams, each to its first answer and to an update", async () => {
    const upstream = await startUpstream()
    const relay = await startRelay(upstream)
    await relay.agent.until({ healthStatus: "HEALTHY" })
    const fleet = openFleet(relay, 200)
    await fleet.until(1, 30)
    upstream.plane().update({ listeners: [answering(1, "new")] })
    await fleet.until(2, 30)
    expect(fleet.streams.every(({ answers }) => answers[1]?.version === "2")).toBe(true)
    expect(fleet.streams.flatMap((stream) => stream.ended() ?? [])).toEqual([])
  }, 90_000)

  it("does not remove sockets on which another agent listens", async () => {
    const upstream = await startUpstream()
    const first = await startRelay(upstream)
    await first.agent.until({ healthStatus: "HEALTHY" })
    const same = { folder: first.agent.folder }
    const api = { APPNET_AGENT_HTTP_PORT: `${first.agent.environment.APPNET_AGENT_HTTP_PORT}` }
    const refused = await startRelay(upstream, { ...lastingKey, ...api }, same)
    expect((await refused.agent.exited).code).toBe(1)
    await openFleet(first, 1).until(1, 20)
    expect((await first.agent.status()).envoyState).toBe("LIVE")

    // The next relay takes the socket over, and the first leaves it alone when it ends.
    const admin = { APPNET_ENVOY_ADMIN_UDS_PATH: `${first.agent.folder}/next.sock` }
    const next = await startRelay(upstream, { ...lastingKey, ...admin }, same)
    await next.agent.until({ healthStatus: "HEALTHY" })
    first.agent.child.kill("SIGTERM")
    await first.agent.exited
    await openFleet(next, 1).until(1, 20)
    expect((await next.agent.status()).healthStatus).toBe("HEALTHY")
  })

  it("ends with its agent, also when that is killed, and starts again on the socket that was left behind", async () => {
    const upstream = await startUpstream()
    const { agent, socket } = await startRelay(upstream)
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    agent.child.kill("SIGKILL")
    await eventually(() => !isAlive(Number(envoyPid)), "Envoy is gone")
    const next = await startRelay(upstream, lastingKey, { folder: agent.folder })
    await next.agent.until({ healthStatus: "HEALTHY" })
    expect(next.socket).toBe(socket)
    await openFleet(next, 1).until(1, 20)
    next.agent.child.kill("SIGTERM")
    await next.agent.exited
    expect(filesIn(agent.folder)).toEqual([])
  })
})

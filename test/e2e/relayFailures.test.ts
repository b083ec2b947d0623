import { once } from "node:events"
import net from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { type Agent, eventually, freePort } from "./agent.ts"
import { authorityIn } from "./pki.ts"
import {
  expiredKey,
  lastingKey,
  linesAbout,
  startAppMesh,
  startRelay,
  startUpstream,
  startWorkload,
  type Upstream,
  type UpstreamOptions
} from "./relay.ts"

type Environment = Readonly<Record<string, string>>

interface Failure {
  readonly what: string
  readonly options?: UpstreamOptions
  readonly relay: (upstream: Upstream) => Environment | Promise<Environment>
  /** The environment in App Mesh mode, where it differs: that mode has other variables for the server's address. */
  readonly appMesh?: (upstream: Upstream) => Environment | Promise<Environment>
  /** The cause that the relay's agent reports. */
  readonly cause: RegExp
  /** The cause that the agent of a workload behind the relay reports. */
  readonly behind: RegExp
}

const failures: ReadonlyArray<Failure> = [
  {
    what: "a certificate authority that is not trusted",
    relay: ({ folder }) => ({ ...lastingKey, APPNET_CA_BUNDLE: authorityIn(folder, "other").bundle }),
    cause: /its certificate is not trusted by \S+other\.pem: check APPNET_CA_BUNDLE/,
    behind: /the relay (cannot reach|does not trust) .*: check the relay's APPNET_/
  },
  {
    what: "a name that DNS does not know",
    relay: () => ({ ...lastingKey, APPNET_MANAGEMENT_DOMAIN_NAME: "management.invalid" }),
    appMesh: () => ({ ...lastingKey, APPMESH_XDS_ENDPOINT: "management.invalid:443" }),
    cause: /management\.invalid:\d+.*: DNS does not (know the name|answer): check /,
    behind: /the relay finds no address: check the relay's APPNET_MANAGEMENT_DOMAIN_NAME/
  },
  {
    what: "a wrong port",
    relay: async () => ({ ...lastingKey, APPNET_MANAGEMENT_PORT: `${await freePort()}` }),
    appMesh: async () => ({ ...lastingKey, APPMESH_XDS_ENDPOINT: `localhost:${await freePort()}` }),
    cause:
      /nothing listens there: check the port in (APPNET_MANAGEMENT_\S*PORT|APPNET_MANAGEMENT_DOMAIN_NAME, APPNET_MANAGEMENT_PORT|APPMESH_XDS_ENDPOINT)/,
    behind: /the relay cannot reach .*: check the relay's .*APPNET_MANAGEMENT_PORT/
  },
  {
    what: "expired credentials",
    relay: () => expiredKey,
    cause: /HTTP status 403.*the security token has expired.*: check the AWS credentials that the relay signs with/,
    behind: /403.*: check the AWS credentials that the relay signs with/
  },
  {
    what: "no credentials",
    relay: () => ({}),
    cause: /HTTP status 403.*no Authorization header.*: check the AWS credentials that the relay signs with/,
    behind: /403.*: check the AWS credentials that the relay signs with/
  },
  {
    what: "a refusal by gRPC",
    options: { refusal: "grpc" },
    relay: () => expiredKey,
    cause: /UNAUTHENTICATED: the security token has expired: check the AWS credentials that the relay signs with/,
    behind: /UNAUTHENTICATED: the security token has expired: check the AWS credentials that the relay signs with/
  }
]

/** Waits until the cause is in `/status`, and checks that exactly one line of the log, a warning, has it. */
const expectCause = async (agent: Agent, cause: RegExp) => {
  const problem = await eventually(
    async () => (await agent.status()).managementServerProblem,
    `a cause like ${cause}`,
    25
  ).catch((error) => {
    throw new Error(`${error.message}\n${agent.stderr().slice(-2000)}`)
  })
  expect(problem).toMatch(cause)
  await eventually(() => linesAbout(agent, cause).length > 0, "a line in the log")
  const lines = linesAbout(agent, cause)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain("[warning] [AppNet Agent] management server ")
}

describe("a relay and the workload behind it", () => {
  it.each(failures)("report $what", async ({ behind, cause, options, relay: environment }) => {
    const upstream = await startUpstream(options)
    const relay = await startRelay(upstream, await environment(upstream))
    await relay.agent.until({ healthStatus: "HEALTHY" })
    const workload = await startWorkload(relay)
    await Promise.all([expectCause(relay.agent, cause), expectCause(workload, behind)])
    // The relay's Envoy works, so a restart would not help.
    expect((await relay.agent.status()).healthStatus).toBe("HEALTHY")
  })

  // In the recorded bootstrap of relay mode Envoy does not verify the name, so it connects all the same.
  it("report a server whose certificate is for another name", async () => {
    const upstream = await startUpstream({ names: ["elsewhere.example"] })
    const relay = await startRelay(upstream)
    await relay.agent.until({ healthStatus: "HEALTHY" })
    await expectCause(relay.agent, /its certificate is not for localhost: check APPNET_MANAGEMENT_DOMAIN_NAME/)
  })
})

describe("credentials that cannot be fetched", () => {
  /** A credentials endpoint that never answers. Envoy waits some seconds for it before it sends the request unsigned. */
  const silentEndpoint = async () => {
    const server = net.createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    onTestFinished(() => void server.close())
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    return { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/` }
  }

  it("are reported, in relay mode and with a local relay", async () => {
    const upstream = await startUpstream()
    const environment = await silentEndpoint()
    const relay = await startRelay(upstream, environment)
    const agent = await startAppMesh(upstream, environment)
    const cause = /HTTP status 403.*: check the AWS credentials that the relay signs with/
    await Promise.all([expectCause(relay.agent, cause), expectCause(agent, cause)])
  })
})

describe("App Mesh mode with a local relay", () => {
  it.each(failures)("reports $what", async ({ appMesh, cause, options, relay }) => {
    const upstream = await startUpstream(options)
    const agent = await startAppMesh(upstream, await (appMesh ?? relay)(upstream))
    await expectCause(agent, cause)
  })

  it("rejects a server whose certificate is for another name", async () => {
    const upstream = await startUpstream({ names: ["elsewhere.example"] })
    const agent = await startAppMesh(upstream)
    await expectCause(agent, /its certificate is not for localhost: check APPMESH_XDS_ENDPOINT/)
    expect((await agent.status()).managementServerConnectionStatus).toBe("NOT_CONNECTED")
    expect(upstream.plane().requests).toEqual([])
  })
})

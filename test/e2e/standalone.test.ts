import { renameSync, writeFileSync } from "node:fs"
import { type Metadata, ServerCredentials } from "@grpc/grpc-js"
import { describe, expect, it, onTestFinished } from "vitest"
import { type ControlPlane, startControlPlane } from "../../demo/ControlPlane.ts"
import { shows } from "../shows.ts"
import { ask, eventually, freePort, privateFolder, startAgent } from "./agent.ts"
import { answering } from "./mesh.ts"
import { type Authority, authorityIn, type Issued } from "./pki.ts"

interface Setting {
  readonly folder: string
  readonly authority: Authority
}

interface Choices {
  readonly mode: "grpc" | "tls" | "mtls"
  readonly names?: ReadonlyArray<string>
  readonly expired?: boolean
  /** The token that the control plane requires. */
  readonly token?: string
  readonly environment?: (setting: Setting) => Readonly<Record<string, string>>
  /** Seconds for which the client's certificate is valid. */
  readonly clientLasts?: number
  /** The protocol of the control plane, if it differs from the agent's mode. */
  readonly served?: "grpc" | "tls" | "mtls"
}

const credentialsOf = (served: "grpc" | "tls" | "mtls", { certificate, key }: Issued, authority: Authority) => {
  if (served === "grpc") return ServerCredentials.createInsecure()
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) }
  const mutual = served === "mtls"
  return ServerCredentials.createSsl(mutual ? Buffer.from(authority.certificate) : null, [pair], mutual)
}

/** Starts a control plane on loopback, and an agent in standalone mode that connects to it. */
const standalone = async ({
  clientLasts,
  environment,
  expired = false,
  mode,
  names = ["localhost"],
  served = mode,
  token
}: Choices) => {
  const folder = privateFolder()
  const authority = authorityIn(folder)
  const server = authority.issue({ names, expired, as: "server" })
  /** Replaces the server's certificate by one of another authority, and the file of trusted roots by that. */
  const replaceAuthority = () => {
    const other = authorityIn(folder)
    const { certificate, key } = other.issue({ names, as: "server" })
    return credentialsOf(served, { ...server, certificate, key }, other)
  }
  const issueClient = (lasts?: number) =>
    authority.issue({ names: ["client"], as: "client", ...(lasts === undefined ? {} : { lasts }) })
  const client = issueClient(clientLasts)
  const port = await freePort()
  const options = {
    resources: { listeners: [answering(port, "by the standalone mode")] },
    credentials: credentialsOf(served, server, authority),
    authorize: (metadata: Metadata) =>
      token === undefined || metadata.get("authorization")[0] === `Bearer ${token}` ? undefined : "no valid token"
  }
  const plane = await startControlPlane({ address: "127.0.0.1:0", ...options })
  onTestFinished(() => plane.close())
  /** Closes all connections, and listens at the same address again. */
  const restartPlane = async (credentials = options.credentials) => {
    await plane.close()
    const restarted = await startControlPlane({ address: plane.address, ...options, credentials })
    onTestFinished(() => restarted.close())
    return restarted
  }
  const agent = await startAgent({
    folder,
    environment: {
      APPNET_XDS_MODE: mode,
      APPMESH_XDS_ENDPOINT: plane.address.replace("127.0.0.1", "localhost"),
      ...(mode === "grpc" ? {} : { APPNET_CA_BUNDLE: authority.bundle }),
      ...(mode === "mtls"
        ? { APPNET_XDS_CLIENT_CERT_FILE: client.certificateFile, APPNET_XDS_CLIENT_KEY_FILE: client.keyFile }
        : {}),
      ...environment?.({ folder, authority })
    }
  })
  return { agent, folder, plane, replaceAuthority, restartPlane, issueClient, listener: `http://127.0.0.1:${port}` }
}

const withToken =
  (text: string) =>
  ({ folder }: Setting) => {
    writeFileSync(`${folder}/token`, text)
    return { APPNET_XDS_TOKEN_FILE: `${folder}/token` }
  }

/** Streams of the agent's own, for its diagnosis. */
const ownStreams = ({ streams }: ControlPlane) =>
  streams.filter((metadata) => `${metadata.get("user-agent")}`.startsWith("appnet-agent/"))

const connected = { healthStatus: "HEALTHY", managementServerConnectionStatus: "CONNECTED" }

describe("standalone mode", () => {
  it.each(["grpc", "tls", "mtls"] as const)("serves what any control plane sends over %s", async (mode) => {
    shows(
      "APPNET_XDS_MODE",
      "APPNET_CA_BUNDLE",
      "APPNET_XDS_CLIENT_CERT_FILE",
      "APPNET_XDS_CLIENT_KEY_FILE",
      "mode-standalone"
    )
    const { agent, listener } = await standalone({ mode })
    const status = await agent.until(connected)
    expect(status).not.toHaveProperty("managementServerProblem")
    expect((await ask(listener, "/")).body).toBe("by the standalone mode")
  })

  it("sends the token of a file over mutual TLS, and the new one after the file was replaced", async () => {
    shows("APPNET_XDS_TOKEN_FILE")
    const { agent, folder, plane } = await standalone({
      mode: "mtls",
      environment: withToken("first")
    })
    await agent.until(connected)
    expect(plane.streams.at(-1)?.get("authorization")).toEqual(["Bearer first"])
    writeFileSync(`${folder}/token.new`, "second")
    renameSync(`${folder}/token.new`, `${folder}/token`)
    const before = plane.streams.length
    plane.endStreams()
    await eventually(() => plane.streams.length > before, "a new stream")
    expect(plane.streams.at(-1)?.get("authorization")).toEqual(["Bearer second"])
  })

  it("verifies the server by another name than its address", async () => {
    shows("APPNET_XDS_SNI")
    const { agent } = await standalone({
      mode: "tls",
      names: ["control-plane.internal"],
      environment: () => ({ APPNET_XDS_SNI: "control-plane.internal" })
    })
    await agent.until(connected)
  })

  it("names the expired client certificate that Envoy holds, while its file was renewed", async () => {
    shows("held-certificate", "diagnosis-stream")
    const { agent, issueClient, plane, restartPlane } = await standalone({
      mode: "mtls",
      clientLasts: 15,
      environment: () => ({ APPNET_ENVOY_RESTART_COUNT: "1", APPNET_NODE_ID: "node-of-the-test" })
    })
    const { envoyPid } = await agent.until(connected)
    expect(ownStreams(plane)).toEqual([])
    await new Promise((done) => setTimeout(done, 15_000))
    expect(await agent.status()).toMatchObject(connected)
    const renewed = issueClient()
    const restarted = await restartPlane()
    const problem = await eventually(async () => (await agent.status()).managementServerProblem, "the cause")
    expect(problem).toMatch(
      /^management server localhost:\d+: this agent can connect with the files as they are now, but Envoy holds the client certificate that it read at its start, which expired at \d{4}-\S+Z, and \S+client\.crt has changed since: restart Envoy$/
    )
    expect(problem).toContain(renewed.certificateFile)
    const [own] = ownStreams(restarted)
    expect(own?.get("appnet-agent-node-id")).toEqual(["node-of-the-test"])
    process.kill(Number(envoyPid), "SIGKILL")
    const status = await agent.until({ ...connected, envoyRestartCount: "1" })
    expect(status).not.toHaveProperty("managementServerProblem")
    const before = ownStreams(restarted).length
    await new Promise((done) => setTimeout(done, 3000))
    expect(ownStreams(restarted)).toHaveLength(before)
  }, 90_000)

  it("names the trusted roots that Envoy holds, where the server's certificate comes from those in the file now", async () => {
    shows("held-certificate")
    const { agent, replaceAuthority, restartPlane } = await standalone({ mode: "tls" })
    await agent.until(connected)
    await restartPlane(replaceAuthority())
    const problem = await eventually(async () => (await agent.status()).managementServerProblem, "the cause")
    expect(problem).toMatch(
      /but Envoy holds the trusted roots that it read at its start, which do not trust the server, and \S+ca\.pem has changed since: restart Envoy$/
    )
  })

  const failures: ReadonlyArray<readonly [what: string, choices: Choices, cause: RegExp]> = [
    [
      "a certificate that is not trusted",
      { mode: "tls", environment: ({ folder }) => ({ APPNET_CA_BUNDLE: authorityIn(folder, "other").bundle }) },
      /its certificate is not trusted by \S+other\.pem: check APPNET_CA_BUNDLE/
    ],
    [
      "a certificate for another name",
      { mode: "tls", names: ["elsewhere"] },
      /its certificate is not for localhost: check APPMESH_XDS_ENDPOINT, or set APPNET_XDS_SNI/
    ],
    ["a certificate that has expired", { mode: "tls", expired: true }, /its certificate has expired: renew it/],
    [
      "a client certificate that has expired",
      { mode: "mtls", clientLasts: -60 },
      /it rejects the client certificate \S+client\.crt, which expired at \d{4}-\S+Z: renew it, and restart Envoy/
    ],
    [
      "a missing client certificate",
      { mode: "tls", served: "mtls" },
      /it asks for a client certificate: set APPNET_XDS_MODE=mtls/
    ],
    ["a server without TLS", { mode: "tls", served: "grpc" }, /it does not speak TLS there: check the port/],
    [
      "a missing token",
      { mode: "tls", token: "right" },
      /refuses the stream with UNAUTHENTICATED: no valid token: check whether it needs a token \(APPNET_XDS_TOKEN_FILE\)/
    ],
    [
      "a wrong token",
      { mode: "mtls", token: "right", environment: withToken("wrong") },
      /refuses the stream with UNAUTHENTICATED: no valid token: check the token in \S+token \(APPNET_XDS_TOKEN_FILE\)/
    ],
    [
      "a token that no header can hold",
      { mode: "tls", token: "right", environment: withToken("right\n") },
      /the token in \S+token \(APPNET_XDS_TOKEN_FILE\) cannot be sent: it is empty, or has a line break/
    ],
    [
      "a wrong port",
      { mode: "grpc", environment: () => ({ APPMESH_XDS_ENDPOINT: "localhost:1" }) },
      /localhost:1: nothing listens there: check the port in APPMESH_XDS_ENDPOINT/
    ]
  ]

  it.each(failures)("reports the cause of %s, in /status and once in the log", async (_what, choices, cause) => {
    const { agent } = await standalone(choices)
    const problem = await eventually(async () => (await agent.status()).managementServerProblem, "the cause")
    expect(problem).toMatch(cause)
    const lines = await eventually(() => {
      const found = agent
        .stderr()
        .split("\n")
        .filter((line) => cause.test(line))
      return found.length > 0 && found
    }, "a line in the log")
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain("[warning] [AppNet Agent] management server ")
  })
})

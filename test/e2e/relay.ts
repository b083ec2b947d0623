// A management server like that of AWS, and agents that relay to it.
import { onTestFinished } from "vitest"
import type { MeshResources } from "../../demo/ControlPlane.ts"
import { type Agent, type AgentOptions, ask, freePort, privateFolder, startAgent } from "./agent.ts"
import { type AwsControlPlane, startAwsControlPlane } from "./awsControlPlane.ts"
import { answering } from "./mesh.ts"
import { type Authority, authorityIn, type Issued } from "./pki.ts"
import type { KnownKey } from "./sigV4.ts"

export const lastingKey = { AWS_ACCESS_KEY_ID: "AKIDLASTING", AWS_SECRET_ACCESS_KEY: "lasting/secret+1" }
export const temporaryKey = {
  AWS_ACCESS_KEY_ID: "ASIATEMPORARY",
  AWS_SECRET_ACCESS_KEY: "temporary/secret+1",
  AWS_SESSION_TOKEN: "temporary//token=="
}
export const expiredKey = {
  AWS_ACCESS_KEY_ID: "ASIAEXPIRED",
  AWS_SECRET_ACCESS_KEY: "expired/secret",
  AWS_SESSION_TOKEN: "expired//token=="
}

export interface Upstream {
  readonly folder: string
  readonly authority: Authority
  readonly issued: Issued
  readonly resources: MeshResources
  /** The address of the mesh's only listener. */
  readonly listener: string
  readonly port: number
  /** The keys that the server knows, by id. Tests may change them. */
  readonly keys: Map<string, KnownKey>
  /** The running server, or the last one that ran. */
  readonly plane: () => AwsControlPlane
  /** Starts the server again on the same port, after it was closed. */
  readonly restart: () => Promise<void>
}

export interface UpstreamOptions {
  readonly names?: ReadonlyArray<string>
  readonly refusal?: "http" | "grpc"
  readonly service?: string
}

/** Starts a management server that serves one listener to clients that sign correctly. */
export const startUpstream = async (options: UpstreamOptions = {}): Promise<Upstream> => {
  const folder = privateFolder()
  const authority = authorityIn(folder)
  const issued = authority.issue({ names: options.names ?? ["localhost"], as: "server" })
  const listenerPort = await freePort()
  const resources = { listeners: [answering(listenerPort, "through the relay")] }
  const keys = new Map<string, KnownKey>([
    [lastingKey.AWS_ACCESS_KEY_ID, { secret: lastingKey.AWS_SECRET_ACCESS_KEY }],
    ...[temporaryKey, expiredKey].map(
      (key) =>
        [
          key.AWS_ACCESS_KEY_ID,
          { secret: key.AWS_SECRET_ACCESS_KEY, token: key.AWS_SESSION_TOKEN, expired: key === expiredKey }
        ] as const
    )
  ])
  const start = (port: number) =>
    startAwsControlPlane({
      ...options,
      resources,
      issued,
      folder,
      keyOf: (id) => keys.get(id),
      port
    })
  let plane = await start(await freePort())
  onTestFinished(() => plane.close())
  return {
    folder,
    authority,
    issued,
    resources,
    listener: `http://127.0.0.1:${listenerPort}`,
    port: plane.port,
    keys,
    plane: () => plane,
    restart: async () => {
      plane = await start(plane.port)
    }
  }
}

/** The number of streams of Envoys that were accepted so far. Streams of agents, which probe the server, do not count. */
export const streamsOfEnvoys = ({ plane }: Upstream): number =>
  plane().requests.filter(
    (request) => request.verdict.problem === undefined && plane().header(request, "user-agent")?.includes("grpc-c")
  ).length

/** Settings of every agent that signs for this server. The instance metadata service is not asked for credentials. */
const signing = (upstream: Upstream): Readonly<Record<string, string>> => ({
  AWS_REGION: "us-west-2",
  AWS_EC2_METADATA_DISABLED: "true",
  APPNET_CA_BUNDLE: upstream.authority.bundle
})

export interface Relay {
  readonly agent: Agent
  readonly socket: string
  readonly adminSocket: string
}

/** Starts an agent in relay mode. Its credentials are those in `environment`, a long-term key by default. */
export const startRelay = async (
  upstream: Upstream,
  environment: Readonly<Record<string, string>> = lastingKey,
  options: AgentOptions = {}
): Promise<Relay> => {
  const folder = options.folder ?? privateFolder()
  const socket = `${folder}/xds.sock`
  const adminSocket = `${folder}/admin.sock`
  const agent = await startAgent({
    ...options,
    folder,
    environment: {
      ...signing(upstream),
      APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1",
      APPNET_MANAGEMENT_DOMAIN_NAME: "localhost",
      APPNET_MANAGEMENT_PORT: `${upstream.port}`,
      APPNET_RELAY_LISTENER_UDS_PATH: socket,
      APPNET_ENVOY_ADMIN_UDS_PATH: adminSocket,
      // The stream of a running workload never ends by itself, so the drain would take its whole time.
      LISTENER_DRAIN_WAIT_TIME_S: "1",
      ...environment
    }
  })
  return { agent, socket, adminSocket }
}

/** Starts an agent in Service Connect mode behind a relay. */
export const startWorkload = (relay: Relay, environment: Readonly<Record<string, string>> = {}): Promise<Agent> =>
  startAgent({
    environment: {
      APPMESH_XDS_ENDPOINT: `unix://${relay.socket}`,
      APPMESH_RESOURCE_ARN: "arn:aws:ecs:us-west-2:123456789012:task-set/cluster/service/ecs-svc/1",
      ...environment
    }
  })

/** Starts an agent in App Mesh mode on stock Envoy, which cannot sign requests and so needs a local relay. */
export const startAppMesh = async (
  upstream: Upstream,
  environment: Readonly<Record<string, string>> = lastingKey,
  options: AgentOptions = {}
): Promise<Agent> => {
  const folder = options.folder ?? privateFolder()
  return startAgent({
    ...options,
    folder,
    environment: {
      ...signing(upstream),
      APPMESH_RESOURCE_ARN: "arn:aws:appmesh:us-west-2:123456789012:mesh/shop/virtualNode/cart",
      APPMESH_XDS_ENDPOINT: `localhost:${upstream.port}`,
      APPNET_LOCAL_RELAY_LISTENER_PORT: `${await freePort()}`,
      APPNET_LOCAL_RELAY_ADMIN_PORT: `${await freePort()}`,
      APPNET_LOCAL_RELAY_LOG_DESTINATION: folder,
      ...environment
    }
  })
}

/** Requests `address` every 10 ms. `stop` answers the number of requests, and the answers that were not as expected. */
export const keepAsking = (address: string, expected: string) => {
  let going = true
  let count = 0
  const failures: Array<string> = []
  const done = (async () => {
    while (going) {
      const body = await ask(address, "/").then(
        (answer) => answer.body,
        (error) => `${error}`
      )
      count += 1
      if (body !== expected) failures.push(body)
      await new Promise((next) => setTimeout(next, 10))
    }
  })()
  const stop = async () => {
    going = false
    await done
    return { count, failures }
  }
  onTestFinished(() => void stop())
  return { stop }
}

/** The lines of the agent's log that match. */
export const linesAbout = (agent: Agent, cause: RegExp): ReadonlyArray<string> =>
  agent
    .stderr()
    .split("\n")
    .filter((line) => cause.test(line))

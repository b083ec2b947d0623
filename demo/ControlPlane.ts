// A small xDS management server for the demo and the tests: ADS, state of the world.
import { rmSync } from "node:fs"
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition
} from "@grpc/grpc-js"
import { decode, encode, type Json, messageType } from "./protobuf.ts"

export type Resource = { readonly [key: string]: Json }

/** The served resources by kind, in proto3 JSON. */
export interface MeshResources {
  readonly listeners?: ReadonlyArray<Resource>
  readonly clusters?: ReadonlyArray<Resource>
  readonly endpoints?: ReadonlyArray<Resource>
  readonly routes?: ReadonlyArray<Resource>
  readonly secrets?: ReadonlyArray<Resource>
}

const typeUrl = (name: string) => `type.googleapis.com/${name}`

/** In the order in which an update is sent: a resource comes after those that it refers to. */
const kinds = [
  { key: "clusters", name: "envoy.config.cluster.v3.Cluster", id: "name" },
  { key: "endpoints", name: "envoy.config.endpoint.v3.ClusterLoadAssignment", id: "clusterName" },
  { key: "secrets", name: "envoy.extensions.transport_sockets.tls.v3.Secret", id: "name" },
  { key: "listeners", name: "envoy.config.listener.v3.Listener", id: "name" },
  { key: "routes", name: "envoy.config.route.v3.RouteConfiguration", id: "name" }
] as const
type Kind = (typeof kinds)[number]

const requestType = "envoy.service.discovery.v3.DiscoveryRequest"
const responseType = "envoy.service.discovery.v3.DiscoveryResponse"

interface Encoded {
  readonly name: string
  readonly bytes: Uint8Array
}

type Snapshot = ReadonlyMap<string, ReadonlyArray<Encoded>>

/** Encodes all resources. Throws at the first one that is not valid, with its path. */
const snapshotOf = (resources: MeshResources): Snapshot =>
  new Map(
    kinds.map((kind) => [
      typeUrl(kind.name),
      (resources[kind.key] ?? []).map((resource, i) => ({
        name: `${resource[kind.id] ?? resource.cluster_name}`,
        bytes: encode(kind.name, resource, `${kind.key}[${i}]`)
      }))
    ])
  )

const emptyEndpoints = (name: string): Encoded => ({
  name,
  bytes: encode("envoy.config.endpoint.v3.ClusterLoadAssignment", { clusterName: name })
})

interface Request {
  readonly typeUrl: string
  readonly names: ReadonlyArray<string>
  readonly nonce: string
  readonly error: string | undefined
}

const parse = (bytes: Buffer): Request => {
  const { error_detail, resource_names, response_nonce, type_url } = decode(requestType, bytes)
  const message: unknown =
    typeof error_detail === "object" && error_detail !== null && Reflect.get(error_detail, "message")
  return {
    typeUrl: `${type_url}`,
    names: Array.isArray(resource_names) ? resource_names.map(String) : [],
    nonce: `${response_nonce}`,
    error: typeof message === "string" ? message : undefined
  }
}

interface Subscription {
  names: ReadonlyArray<string>
  nonce: string
}

interface Response {
  readonly version_info: string
  readonly type_url: string
  readonly nonce: string
  readonly resources: ReadonlyArray<{ readonly type_url: string; readonly value: Uint8Array }>
}

type Call = ServerDuplexStream<Request, Response>

interface Stream {
  readonly call: Call
  readonly subscriptions: Map<string, Subscription>
}

const service: ServiceDefinition = {
  StreamAggregatedResources: {
    path: "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
    requestStream: true,
    responseStream: true,
    requestSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
    requestDeserialize: parse,
    responseSerialize: (fields: Response) => {
      const type = messageType(responseType)
      return Buffer.from(type.encode(type.fromObject(fields)).finish())
    },
    responseDeserialize: (bytes: Buffer) => bytes
  }
}

export interface Nack {
  readonly typeUrl: string
  readonly message: string
}

export interface ControlPlane {
  /** `unix:///path` or `host:port`, with the port that the server listens on. */
  readonly address: string
  /** Updates that Envoy rejected, oldest first. */
  readonly nacks: ReadonlyArray<Nack>
  /** The metadata of every stream so far, oldest first. */
  readonly streams: ReadonlyArray<Metadata>
  /** The number of open streams. */
  readonly open: () => number
  /** Replaces all resources and sends them. Throws, and changes nothing, where one is not valid. */
  readonly update: (resources: MeshResources) => void
  /** Ends every stream. The server goes on listening, so that clients reconnect. */
  readonly endStreams: () => void
  /** Ends every stream and stops listening. */
  readonly close: () => Promise<void>
}

export interface ControlPlaneOptions {
  /** `unix:///path`, or `host:port`, where port 0 is any free one. */
  readonly address: string
  readonly resources: MeshResources
  readonly credentials?: ServerCredentials
  /** Called for each new stream. A returned message rejects it as UNAUTHENTICATED. */
  readonly authorize?: (metadata: Metadata) => string | undefined
  /** Called for each update that Envoy rejects. */
  readonly onNack?: (nack: Nack) => void
  /** Sends a rejected update again at once, as go-control-plane and java-control-plane do. */
  readonly repeatsRejected?: boolean
  /** Accepts streams, but sends nothing before the first `update`. */
  readonly isSilent?: boolean
}

const unavailable = 14
const unauthenticated = 16

/** Fails where the address cannot be listened on or a resource is not valid. */
export const startControlPlane = async (options: ControlPlaneOptions): Promise<ControlPlane> => {
  const nacks: Array<Nack> = []
  const metadata: Array<Metadata> = []
  const streams = new Set<Stream>()
  let snapshot = snapshotOf(options.resources)
  let version = 1
  let nonce = 0
  let isSilent = options.isSilent ?? false

  const select = (kind: Kind, names: ReadonlyArray<string>): ReadonlyArray<Encoded> => {
    const all = snapshot.get(typeUrl(kind.name)) ?? []
    if (names.length === 0) return all
    const known = all.filter(({ name }) => names.includes(name))
    if (kind.key !== "endpoints") return known
    // Envoy waits until it has endpoints, possibly none, for every cluster that it asks for.
    const missing = names.filter((name) => !known.some((resource) => resource.name === name))
    return [...known, ...missing.map(emptyEndpoints)]
  }

  const send = ({ call, subscriptions }: Stream, kind: Kind) => {
    const url = typeUrl(kind.name)
    const subscription = subscriptions.get(url)
    if (subscription === undefined || isSilent) return
    nonce += 1
    subscription.nonce = `${nonce}`
    const resources = select(kind, subscription.names).map(({ bytes }) => ({ type_url: url, value: bytes }))
    call.write({ version_info: `${version}`, resources, type_url: url, nonce: `${nonce}` })
  }

  const receive = (stream: Stream, request: Request) => {
    const kind = kinds.find(({ name }) => typeUrl(name) === request.typeUrl)
    if (kind === undefined) return
    const known = stream.subscriptions.get(request.typeUrl)
    if (known === undefined) {
      stream.subscriptions.set(request.typeUrl, { names: request.names, nonce: "" })
      return send(stream, kind)
    }
    if (request.nonce !== known.nonce) return
    if (request.error !== undefined) {
      const nack = { typeUrl: request.typeUrl, message: request.error }
      nacks.push(nack)
      options.onNack?.(nack)
    }
    const same =
      request.names.length === known.names.length && request.names.every((name) => known.names.includes(name))
    known.names = request.names
    if (!same || (request.error !== undefined && options.repeatsRejected === true)) send(stream, kind)
  }

  const server = new Server()
  server.addService(service, {
    StreamAggregatedResources: (call: Call) => {
      const refusal = options.authorize?.(call.metadata)
      if (refusal !== undefined) return call.emit("error", { code: unauthenticated, details: refusal })
      const stream: Stream = { call, subscriptions: new Map() }
      metadata.push(call.metadata)
      streams.add(stream)
      call.on("data", (request: Request) => receive(stream, request))
      call.on("error", () => streams.delete(stream))
      call.on("cancelled", () => streams.delete(stream))
      call.on("end", () => {
        streams.delete(stream)
        call.end()
      })
    }
  })

  const credentials = options.credentials ?? ServerCredentials.createInsecure()
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(options.address, credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)))
  )
  const socket = options.address.startsWith("unix:") ? options.address.replace(/^unix:(\/\/)?/, "") : undefined

  return {
    address: socket === undefined ? `${options.address.replace(/:\d+$/, "")}:${port}` : options.address,
    nacks,
    streams: metadata,
    open: () => streams.size,
    update: (resources) => {
      snapshot = snapshotOf(resources)
      isSilent = false
      version += 1
      for (const kind of kinds) for (const stream of streams) send(stream, kind)
    },
    endStreams: () => {
      for (const { call } of streams) call.emit("error", { code: unavailable, details: "the stream was ended" })
      streams.clear()
    },
    close: async () => {
      server.forceShutdown()
      if (socket !== undefined) rmSync(socket, { force: true })
    }
  }
}

// The xDS streams of many workloads at one relay. Each has a connection of its own, as each workload's Envoy does.
import { Client, credentials, type ServiceError } from "@grpc/grpc-js"
import { decode, encode } from "../../demo/protobuf.ts"

export interface FleetStream {
  /** Each answer: its version, and the milliseconds from the fleet's start to it. */
  readonly answers: ReadonlyArray<{ readonly version: string; readonly at: number }>
  /** The gRPC status with which the stream ended; `undefined` while it is open. */
  readonly ended: () => { readonly code: number; readonly details: string } | undefined
}

export interface Fleet {
  readonly streams: ReadonlyArray<FleetStream>
  /** Milliseconds since the fleet's start. */
  readonly clock: () => number
  /** Waits until each stream has `count` answers. Answers when the last stream got its own, on the fleet's clock. */
  readonly until: (count: number, seconds: number) => Promise<number>
  readonly close: () => void
}

export interface FleetOptions {
  /** `unix:/path` or `host:port`, without TLS. */
  readonly address: string
  readonly size?: number
}

const method = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
const listenerType = "type.googleapis.com/envoy.config.listener.v3.Listener"

const request = (fields: Readonly<Record<string, string>>) =>
  encode("envoy.service.discovery.v3.DiscoveryRequest", { type_url: listenerType, ...fields })

const openStream = (address: string, id: string, clock: () => number) => {
  const client = new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 })
  const answers: Array<{ version: string; at: number }> = []
  let ended: { code: number; details: string } | undefined
  const call = client.makeBidiStreamRequest(
    method,
    (bytes: Uint8Array) => Buffer.from(bytes),
    (bytes: Buffer) => decode("envoy.service.discovery.v3.DiscoveryResponse", bytes)
  )
  call.on("error", ({ code, details }: ServiceError) => {
    ended = { code, details }
  })
  call.on("end", () => {
    ended ??= { code: 0, details: "" }
  })
  call.on("data", ({ nonce, version_info }: Readonly<Record<string, unknown>>) => {
    answers.push({ version: `${version_info}`, at: clock() })
    call.write(request({ response_nonce: `${nonce}`, version_info: `${version_info}` }))
  })
  call.write(encode("envoy.service.discovery.v3.DiscoveryRequest", { type_url: listenerType, node: { id } }))
  return { answers, ended: () => ended, close: () => client.close(), cancel: () => call.cancel() }
}

/** Opens streams that subscribe to listeners and acknowledge every answer. A stream that ends is not opened again. */
export const startFleet = ({ address, size = 200 }: FleetOptions): Fleet => {
  const began = performance.now()
  const clock = () => performance.now() - began
  const streams = Array.from({ length: size }, (_, i) => openStream(address, `workload-${i}`, clock))
  return {
    streams,
    clock,
    until: async (count, seconds) => {
      const end = clock() + seconds * 1000
      for (;;) {
        const instants = streams.flatMap(({ answers }) => answers[count - 1]?.at ?? [])
        if (instants.length === size) return Math.max(...instants)
        if (clock() > end) {
          const ends = streams.flatMap((stream) => stream.ended() ?? [])
          throw new Error(
            `${instants.length} of ${size} streams have ${count} answers after ${seconds} s; ${ends.length} ended, first with ${JSON.stringify(ends[0])}`
          )
        }
        await new Promise((done) => setTimeout(done, 5))
      }
    },
    close: () => {
      for (const { cancel, close } of streams) {
        cancel()
        close()
      }
    }
  }
}

import type { Socket } from "node:net"
import * as net from "node:net"
import { Cause, Effect, Layer, Stream } from "effect"
import { AdminError } from "../../services/AdminClient.ts"
import { type AdminAddress, Bootstrap } from "../../services/Bootstrap.ts"
import { ExpositionSource } from "../../services/ExpositionSource.ts"
import { capYoungGeneration } from "../memory/youngGeneration.ts"
import { makeResponseReader } from "./httpResponse.ts"

/**
 * Bytes of the memory into which one answer is read, in a circle. A part is overwritten when as much as this has been read after
 * it. By then it has been sent: a server buffers a few hundred kilobytes for a client before it waits. Each answer has memory of
 * its own, since the end of the last one may still be on its way to a slow client.
 */
const arenaSize = 1 << 20
const readSize = 64 * 1024
/** Bytes, an error, or undefined at the end of the connection. */
type Event = Uint8Array | Error | undefined

/** Opens a connection whose bytes are read only on demand, one piece at a time. */
const connect = Effect.fnUntraced(function* (address: AdminAddress) {
  const memory = Buffer.allocUnsafeSlow(arenaSize)
  let at = 0
  /** An event that came before it was asked for. An end or an error stays here. */
  let pending: { readonly event: Event } | undefined
  let waiting: ((event: Event) => void) | undefined
  const emit = (event: Event) => {
    const take = waiting
    waiting = undefined
    if (take === undefined || !(event instanceof Uint8Array)) pending ??= { event }
    take?.(event)
  }
  const open = () => {
    const where = address._tag === "Unix" ? { path: address.path } : { host: address.host, port: address.port }
    const socket = net.connect({
      ...where,
      onread: {
        buffer: () => {
          if (at + readSize > arenaSize) at = 0
          return memory.subarray(at, at + readSize)
        },
        callback: (length, buffer) => {
          at += length
          emit(buffer.subarray(0, length))
          // False pauses the connection until the next piece is asked for.
          return waiting !== undefined
        }
      }
    })
    socket.on("error", emit)
    socket.on("end", () => emit(undefined))
    return socket
  }
  const socket: Socket = yield* Effect.acquireRelease(Effect.sync(open), (opened) =>
    Effect.sync(() => opened.destroy())
  )
  const next = Effect.callback<Event>((resume) => {
    if (pending !== undefined) {
      const { event } = pending
      if (event instanceof Uint8Array) pending = undefined
      return resume(Effect.succeed(event))
    }
    waiting = (event) => resume(Effect.succeed(event))
    socket.resume()
  })
  return { next, send: (text: string) => Effect.sync(() => socket.write(text)) }
})

export const ExpositionSourceLive = Layer.effect(
  ExpositionSource,
  Effect.map(Bootstrap, ({ admin }) =>
    ExpositionSource.of({
      open: Effect.fnUntraced(function* (path: string) {
        const fail = (reason: AdminError["reason"], detail: string) =>
          Effect.fail(new AdminError({ endpoint: path.split("?", 1)[0] ?? path, reason, detail }))
        capYoungGeneration()
        const connection = yield* connect(admin)
        const reader = makeResponseReader()
        yield* connection.send(`GET ${path} HTTP/1.1\r\nhost: envoy\r\nconnection: close\r\n\r\n`)

        /** The pieces of the body in the next bytes; undefined at the end of the answer. */
        const read = Effect.gen(function* () {
          if (reader.isComplete(false)) return undefined
          const event = yield* connection.next
          if (event instanceof Error)
            return yield* fail("unreachable", "code" in event ? `${event.code}` : event.message)
          if (event === undefined) {
            return reader.isComplete(true)
              ? undefined
              : yield* fail("body", "the connection was closed before the answer was complete")
          }
          const { pieces, problem } = reader.push(event)
          return problem === undefined ? pieces : yield* fail("body", problem)
        })

        let pieces: ReadonlyArray<Uint8Array> = []
        while (reader.head() === undefined) pieces = (yield* read) ?? []
        const pull = Effect.gen(function* () {
          for (;;) {
            const found = yield* read
            if (found === undefined) return yield* Cause.done()
            const [first, ...others] = found
            if (first !== undefined) return [first, ...others] as const
          }
        })
        return {
          status: reader.head()?.status ?? 0,
          body: Stream.concat(Stream.fromArray(pieces), Stream.fromPull(Effect.succeed(pull)))
        }
      })
    })
  )
)

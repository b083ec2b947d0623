import type { Socket } from "node:net"
import * as net from "node:net"
import { Cause, Effect, Layer, Stream } from "effect"
import { AdminError } from "../../services/AdminClient.ts"
import { type AdminAddress, Bootstrap } from "../../services/Bootstrap.ts"
import { ExpositionSource } from "../../services/ExpositionSource.ts"
import { capYoungGeneration } from "../memory/youngGeneration.ts"
import { makeResponseReader } from "./httpResponse.ts"

/**
 * The memory of one answer, written to again and again from its beginning. What has been read stays valid until as much
 * again has been read: a server that is sent parts takes no more of them than a few hundred kilobytes before it has to
 * wait. The next answer has memory of its own, since a slow client may still be sent the end of this one.
 */
const arenaSize = 1 << 20
const readSize = 64 * 1024
/** What a connection has to say; none at its end. */
type Event = Uint8Array | Error | undefined

/** A connection that is read one piece at a time, each when it is asked for. */
const connect = Effect.fnUntraced(function* (address: AdminAddress) {
  const memory = Buffer.allocUnsafeSlow(arenaSize)
  let at = 0
  /** Said before anyone asked; an end or an error stays. */
  let kept: { readonly event: Event } | undefined
  let waiting: ((event: Event) => void) | undefined
  const say = (event: Event) => {
    const take = waiting
    waiting = undefined
    if (take === undefined || !(event instanceof Uint8Array)) kept ??= { event }
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
          say(buffer.subarray(0, length))
          // Nothing more until it is asked for, which it may be already.
          return waiting !== undefined
        }
      }
    })
    socket.on("error", say)
    socket.on("end", () => say(undefined))
    return socket
  }
  const socket: Socket = yield* Effect.acquireRelease(Effect.sync(open), (opened) =>
    Effect.sync(() => opened.destroy())
  )
  const next = Effect.callback<Event>((resume) => {
    if (kept !== undefined) {
      const { event } = kept
      if (event instanceof Uint8Array) kept = undefined
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

        /** The pieces of the body in the next bytes; none at the end of the answer. */
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

import { Console, Effect, Runtime, Schema, Stdio, Stream } from "effect"
import { type ManagementAnswer, ManagementClient } from "../services/ManagementClient.ts"

/** There is no agent to ask. Exit code 2, so that it is told from an agent that says no. */
export class NoAgent extends Schema.TaggedError<NoAgent>()("NoAgent", { problem: Schema.String }) {
  override readonly [Runtime.errorExitCode] = 2
  override get message() {
    return this.problem
  }
}

/** The agent answered, and it is not what was hoped for. Exit code 1. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", { problem: Schema.String }) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    return this.problem
  }
}

const noAgent = (error: { readonly message: string }) => new NoAgent({ problem: error.message })

const textOf = (answer: ManagementAnswer) => Stream.mkString(Stream.decodeText(answer.body))

const accepted = Effect.fnUntraced(function* (method: "GET" | "POST", path: string) {
  const client = yield* ManagementClient
  const answer = yield* Effect.mapError(client.request(method, path), noAgent)
  if (answer.status < 400) return answer
  const words = yield* Effect.mapError(textOf(answer), noAgent)
  return yield* new Refused({ problem: `refused (${answer.status}): ${words.trim()}` })
})

const asTable = (status: Readonly<Record<string, string>>) => {
  const width = Math.max(...Object.keys(status).map((name) => name.length))
  return Object.entries(status)
    .map(([name, value]) => `${name.padEnd(width)}  ${value}`)
    .join("\n")
}

export interface StatusOptions {
  readonly json: boolean
  readonly watch: boolean
}

/** Prints what the running agent reports; with `watch`, each time that something but the time changes, for ever. */
export const showStatus = Effect.fnUntraced(function* ({ json, watch }: StatusOptions) {
  const client = yield* ManagementClient
  const look = Effect.mapError(client.status, noAgent)
  const print = (status: Readonly<Record<string, string>>) =>
    Console.log(json ? JSON.stringify(status) : asTable(status))
  const status = yield* look
  yield* print(status)
  if (!watch) {
    return yield* status.healthStatus === "HEALTHY" ? Effect.void : new Refused({ problem: `${status.healthStatus}` })
  }
  const withoutTime = ({ agentUptime: _, ...rest }: Readonly<Record<string, string>>) => JSON.stringify(rest)
  let before = withoutTime(status)
  return yield* look.pipe(
    Effect.delay("1 second"),
    Effect.flatMap((now) => {
      if (withoutTime(now) === before) return Effect.void
      before = withoutTime(now)
      return Effect.andThen(json ? Effect.void : Console.log(""), print(now))
    }),
    Effect.forever
  )
})

/** Drains Envoy's inbound listeners. */
export const drain = Effect.fnUntraced(function* ({ graceful }: { readonly graceful: boolean }) {
  const answer = yield* accepted("POST", `/drain_listeners?inboundonly${graceful ? "&graceful" : ""}`)
  yield* Console.log((yield* Effect.mapError(textOf(answer), noAgent)).trim())
}, Effect.scoped)

export interface LevelOptions {
  readonly level: string
  readonly permanent: boolean
}

/** Sets the level of Envoy's loggers. */
export const setLogLevel = Effect.fnUntraced(function* ({ level, permanent }: LevelOptions) {
  const query = new URLSearchParams({ level, ...(permanent ? { permanent: "true" } : {}) })
  const answer = yield* accepted("POST", `/enableLogging?${query}`)
  const words = (yield* Effect.mapError(textOf(answer), noAgent)).trim()
  yield* Console.log(answer.status === 304 ? `the level is ${level} already` : words)
}, Effect.scoped)

export interface StatsOptions {
  readonly usedOnly: boolean
  readonly extensionOnly: boolean
  readonly delta: boolean
}

/** Prints Envoy's stats as they come. */
export const showStats = Effect.fnUntraced(function* ({ delta, extensionOnly, usedOnly }: StatsOptions) {
  const parameters = [
    ...(usedOnly || delta ? ["usedonly"] : []),
    ...(extensionOnly || delta ? ["filter=metrics_extension"] : []),
    ...(delta ? ["delta"] : [])
  ]
  const answer = yield* accepted("GET", `/stats/prometheus${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`)
  const { stdout } = yield* Stdio.Stdio
  yield* Stream.run(Stream.mapError(answer.body, noAgent), stdout({ endOnDone: false }))
}, Effect.scoped)

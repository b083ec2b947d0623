import { ByteSize, Effect, Layer, Ref, Schedule, Schema } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import { MaxBodySize } from "effect/http/HttpIncomingMessage"
import { AdminClient, AdminError, EnvoyServerState, ServerInfo } from "../../services/AdminClient.ts"
import { type AdminAddress, Bootstrap } from "../../services/Bootstrap.ts"
import { ExpositionSource } from "../../services/ExpositionSource.ts"
import { foreignLine } from "../../services/foreignText.ts"
import { formatHostPort } from "../../services/hostPort.ts"
import { OwnEnvoy } from "../../services/OwnEnvoy.ts"
import { httpClientLive } from "../http/httpClient.ts"
import { wholeText } from "../http/wholeBody.ts"
import { AdminListenerLive } from "./AdminListenerLive.ts"
import { awaitBeginning } from "./bodyBeginning.ts"
import { ExpositionSourceLive } from "./ExpositionSourceLive.ts"
import { activeConnectionsFilter, healthFilter, StatsJson, toActiveConnections, toHealthStats } from "./healthStats.ts"
import { countInbound, ListenersDump } from "./inboundListeners.ts"
import { ListenersDump as ListenerErrorsDump, listenerErrorsMask, toListenerErrors } from "./listenerErrors.ts"
import { levelsOfLoggers } from "./loggers.ts"
import { OwnEnvoyLive } from "./OwnEnvoyLive.ts"
import { withSourceTimeout } from "./sourceTimeout.ts"
import { controlTimeout, probeTimeout, statsTimeout } from "./timeouts.ts"
import { makeTurns } from "./turns.ts"
import { countersFilter, followedOf, rejectedFilter, toUpdateCounters } from "./updateCounters.ts"

/** Bytes of the stats that must have come before the answer begins: until then a failure can still be told by its status. */
const statsBeginning = 64 * 1024
/**
 * Matches every stat that can be of a family `envoy_appmesh_*`. Envoy filters by the whole name of a stat, of which the family's name
 * is what is left when the tags are taken out: so the letters of `appmesh` are there, but a tag may stand between them.
 */
const extensionFilter = [..."appmesh"].join(".*")
const largestDump = ByteSize.megabytes(4)
/** How Envoy says that it cannot print a dump, as where that holds a type that it does not know. The status is 200 all the same. */
const notPrinted = "Failed to convert protobuf message"
/** Control calls are idempotent, so one whose answer was lost is repeated. */
const controlRetries = Schedule.spaced("50 millis").pipe(Schedule.upTo({ times: 3 }))

const origin = (address: AdminAddress): string => {
  if (address._tag === "Unix") return "http://envoy"
  return `http://${formatHostPort(address)}`
}

const firstLine = (text: string) => foreignLine(text.trimStart().split("\n", 1)[0] ?? "")

const unreachable = (endpoint: string) => (error: HttpClientError.HttpClientError) => {
  const cause = "cause" in error.reason ? error.reason.cause : undefined
  return new AdminError({
    endpoint,
    reason: "unreachable",
    detail: cause instanceof Error && "code" in cause ? `${cause.code}` : firstLine(error.message)
  })
}

/** The client without its transport, for any `HttpClient`. */
export const layerNoTransport = Layer.effect(
  AdminClient,
  Effect.gen(function* () {
    const bootstrap = yield* Bootstrap
    const source = yield* ExpositionSource
    const ownEnvoy = yield* OwnEnvoy
    const turns = yield* makeTurns
    const client = (yield* HttpClient.HttpClient).pipe(
      HttpClient.mapRequest(HttpClientRequest.prependUrl(origin(bootstrap.admin)))
    )

    const text = (endpoint: string) => (response: HttpClientResponse.HttpClientResponse) =>
      Effect.catchTags(wholeText(response), {
        BodyTooLong: ({ message }) => Effect.fail(new AdminError({ endpoint, reason: "body", detail: message })),
        HttpClientError: (error) => Effect.fail(unreachable(endpoint)(error))
      })

    const failUnless200 = (endpoint: string) => (response: HttpClientResponse.HttpClientResponse) =>
      response.status === 200
        ? Effect.succeed(response)
        : Effect.flatMap(text(endpoint)(response), (body) =>
            Effect.fail(
              new AdminError({ endpoint, reason: "status", detail: `${response.status} ${firstLine(body)}`.trim() })
            )
          )

    /** One request, whoever answers. */
    const requestOfAnybody = <A>(
      asked: HttpClientRequest.HttpClientRequest,
      read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, AdminError>
    ) => Effect.flatMap(Effect.mapError(client.execute(asked), unreachable(asked.url)), read)

    const json =
      <S extends Schema.Decoder<unknown>>(endpoint: string, schema: S) =>
      (response: HttpClientResponse.HttpClientResponse) =>
        failUnless200(endpoint)(response).pipe(
          Effect.flatMap(text(endpoint)),
          Effect.filterOrFail(
            (body) => !body.startsWith(notPrinted),
            (body) => new AdminError({ endpoint, reason: "status", detail: firstLine(body) })
          ),
          Effect.flatMap((body) =>
            Effect.mapError(
              Schema.decodeUnknownEffect(Schema.fromJsonString(schema))(body),
              (error) => new AdminError({ endpoint, reason: "body", detail: firstLine(error.message) })
            )
          )
        )

    const serverInfo = requestOfAnybody(HttpClientRequest.get("/server_info"), json("/server_info", ServerInfo))

    /**
     * One request to this agent's Envoy, and to nobody else. The timeout covers its answer to the end of the body, but not the
     * wait for its turn.
     */
    const request = <A>(
      asked: HttpClientRequest.HttpClientRequest,
      timeout: typeof probeTimeout | typeof controlTimeout | typeof statsTimeout,
      read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, AdminError>
    ) =>
      ownEnvoy.check(asked.url, serverInfo).pipe(
        Effect.andThen(requestOfAnybody(asked, read)),
        Effect.timeoutOrElse({
          duration: timeout,
          orElse: () =>
            Effect.fail(new AdminError({ endpoint: asked.url, reason: "timeout", detail: `no answer in ${timeout}` }))
        }),
        turns.short
      )

    const stats = (filter: string, parameters: Readonly<Record<string, string>> = {}) =>
      request(
        HttpClientRequest.get("/stats", { urlParams: { format: "json", ...parameters, filter } }),
        probeTimeout,
        json("/stats", StatsJson)
      )
    /** Only those that are not zero. Of thousands of clusters, few have been rejected. */
    const usedStats = (filter: string) => stats(filter, { usedonly: "" })

    const control = Effect.fnUntraced(function* (path: string, urlParams: Readonly<Record<string, string>>) {
      // An attempt without an answer may act later, whatever became of those after it: so it is the one that is reported.
      const unanswered = yield* Ref.make<AdminError | undefined>(undefined)
      return yield* request(HttpClientRequest.post(path, { urlParams }), controlTimeout, (response) =>
        Effect.map(Effect.flatMap(failUnless200(path)(response), text(path)), (answer) => `${foreignLine(answer)}\n`)
      ).pipe(
        Effect.tapError((error) => (error.mayHaveActed ? Ref.set(unanswered, error) : Effect.void)),
        Effect.retry({
          schedule: controlRetries,
          while: (error) => error.reason === "unreachable" || error.reason === "timeout"
        }),
        Effect.catch((last) => Effect.flatMap(Ref.get(unanswered), (earlier) => Effect.fail(earlier ?? last)))
      )
    })

    const listenersDump = (kind: "static" | "dynamic") => {
      const mask = kind === "static" ? "listener.traffic_direction" : "name,active_state.listener"
      return request(
        HttpClientRequest.get("/config_dump", { urlParams: { resource: `${kind}_listeners`, mask } }),
        probeTimeout,
        json("/config_dump", ListenersDump)
      ).pipe(Effect.provideService(MaxBodySize, largestDump))
    }

    return AdminClient.of({
      ready: request(HttpClientRequest.get("/ready"), probeTimeout, (response) =>
        Effect.flatMap(text("/ready")(response), (body) =>
          Effect.mapError(
            Schema.decodeUnknownEffect(EnvoyServerState)(body.trim()),
            () =>
              new AdminError({ endpoint: "/ready", reason: "body", detail: `${response.status} ${firstLine(body)}` })
          )
        )
      ),
      healthStats: Effect.map(stats(healthFilter), toHealthStats),
      activeConnections: Effect.map(stats(activeConnectionsFilter), toActiveConnections),
      serverInfo: request(HttpClientRequest.get("/server_info"), probeTimeout, json("/server_info", ServerInfo)),
      inboundListeners: Effect.map(
        Effect.all([listenersDump("static"), listenersDump("dynamic")], { concurrency: 2 }),
        ([fixed, dynamic]) => countInbound(fixed) + countInbound(dynamic)
      ),
      rejectingSubscriptions: Effect.gen(function* () {
        const rejected = followedOf(toUpdateCounters(yield* usedStats(rejectedFilter)))
        if (rejected.length === 0) return []
        return toUpdateCounters(yield* usedStats(countersFilter(rejected)))
      }),
      listenerErrors: Effect.map(
        request(
          HttpClientRequest.get("/config_dump", {
            urlParams: { resource: "dynamic_listeners", mask: listenerErrorsMask }
          }),
          statsTimeout,
          json("/config_dump", ListenerErrorsDump)
        ),
        toListenerErrors
      ),
      drainListeners: ({ graceful, inboundOnly, skipExit }) =>
        control("/drain_listeners", {
          ...(graceful ? { graceful: "" } : {}),
          ...(skipExit ? { skip_exit: "" } : {}),
          ...(inboundOnly ? { inboundonly: "" } : {})
        }),
      logLevels: request(HttpClientRequest.post("/logging"), controlTimeout, (response) =>
        Effect.map(Effect.flatMap(failUnless200("/logging")(response), text("/logging")), levelsOfLoggers)
      ),
      setLogLevel: (level) => control("/logging", { level }),
      prometheus: ({ extensionOnly = false, usedOnly }) => {
        const endpoint = "/stats/prometheus"
        const parameters = [...(usedOnly ? ["usedonly"] : []), ...(extensionOnly ? [`filter=${extensionFilter}`] : [])]
        const late = () =>
          new AdminError({ endpoint, reason: "timeout", detail: `Envoy kept the agent waiting for ${statsTimeout}` })
        const open = Effect.andThen(
          ownEnvoy.check(endpoint, serverInfo),
          source.open(parameters.length === 0 ? endpoint : `${endpoint}?${parameters.join("&")}`)
        )
        const begun = Effect.flatMap(open, ({ body, status }) =>
          status === 200
            ? awaitBeginning(withSourceTimeout(body, statsTimeout, late), statsBeginning)
            : Effect.fail(new AdminError({ endpoint, reason: "status", detail: `${status}` }))
        )
        // Envoy makes the whole answer before it sends the first byte of it.
        return Effect.timeoutOrElse(turns.long(begun), {
          duration: statsTimeout,
          orElse: () => Effect.fail(late())
        })
      }
    })
  })
)

export const AdminClientLive = Layer.unwrap(
  Effect.map(Bootstrap, ({ admin }) =>
    layerNoTransport.pipe(
      Layer.provide(ExpositionSourceLive),
      Layer.provide(OwnEnvoyLive),
      Layer.provide(AdminListenerLive),
      Layer.provide(httpClientLive(admin._tag === "Unix" ? { socketPath: admin.path } : {}))
    )
  )
)

import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { Config } from "../../../services/Config.ts"
import { formatHostPort } from "../../../services/hostPort.ts"
import { AgentUnreachable, ManagementClient, ManagementNotServed } from "../../../services/ManagementClient.ts"
import { askStatus, describeTarget, type ManagementTarget, tcpTarget } from "./statusRequest.ts"

const timeoutMillis = 2000
/** Longer than the agent itself waits for Envoy's stats. */
const patience = "10 seconds"

const originOf = (target: ManagementTarget) => {
  if (target._tag === "Unix") return "http://localhost"
  return `http://${formatHostPort(target)}`
}

export const ManagementClientLive = Layer.effect(
  ManagementClient,
  Effect.map(Config, ({ settings }) => {
    const target: ManagementTarget =
      settings.APPNET_AGENT_ADMIN_MODE === "uds"
        ? { _tag: "Unix", path: settings.APPNET_AGENT_ADMIN_UDS_PATH }
        : tcpTarget(settings.APPNET_AGENT_HTTP_BIND_ADDRESS, settings.APPNET_AGENT_HTTP_PORT)
    const ask = Effect.flatMap(
      Effect.promise(() => askStatus(target, timeoutMillis)),
      (answer) =>
        answer._tag === "Answered"
          ? Effect.succeed(answer.status)
          : Effect.fail(new AgentUnreachable({ address: describeTarget(target), problem: answer.problem }))
    )
    const unreachable = (problem: string) => new AgentUnreachable({ address: describeTarget(target), problem })
    const token = settings.APPNET_AGENT_ADMIN_TOKEN
    const transport = NodeHttpClient.layerNodeHttpOptions(target._tag === "Unix" ? { socketPath: target.path } : {})
    const request: ManagementClient["Service"]["request"] = Effect.fnUntraced(function* (method, path) {
      // In the caller's scope: the body is read after this.
      const client = Context.get(yield* Layer.build(transport), HttpClient.HttpClient)
      const asked = HttpClientRequest.make(method)(`${originOf(target)}${path}`, {
        headers: token === undefined ? {} : { authorization: `Bearer ${Redacted.value(token)}` }
      })
      const response = yield* client.execute(asked).pipe(
        Effect.mapError(({ reason }) => {
          const cause = "cause" in reason ? reason.cause : undefined
          return unreachable(cause instanceof Error && "code" in cause ? `${cause.code}` : reason._tag)
        }),
        Effect.timeoutOrElse({
          duration: patience,
          orElse: () => Effect.fail(unreachable(`no answer in ${patience}`))
        })
      )
      const body = Stream.mapError(response.stream, () => unreachable("the answer broke off"))
      return { status: response.status, body }
    })
    const served = settings.APPNET_AGENT_ADMIN_MODE !== undefined
    return served
      ? ManagementClient.of({ status: ask, request })
      : ManagementClient.of({
          status: Effect.fail(new ManagementNotServed()),
          request: () => Effect.fail(new ManagementNotServed())
        })
  })
)

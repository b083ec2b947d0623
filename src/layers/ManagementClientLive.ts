import { Effect, Layer } from "effect"
import { Config } from "../services/Config.ts"
import { AgentUnreachable, ManagementClient, ManagementNotServed } from "../services/ManagementClient.ts"
import { askStatus, describeTarget, type ManagementTarget, tcpTarget } from "./management/question.ts"

const timeoutMillis = 2000

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
    const served = settings.APPNET_AGENT_ADMIN_MODE !== undefined
    return ManagementClient.of({ status: served ? ask : Effect.fail(new ManagementNotServed()) })
  })
)

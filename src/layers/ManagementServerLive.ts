import { Effect, Layer } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import { Config } from "../services/Config.ts"
import { ManagementServer } from "../services/ManagementServer.ts"
import { bindTcp, bindUnix } from "./management/bind.ts"
import { ManagementRoutes, routerConfig } from "./management/routes.ts"

/** Serves the management API on the address that the settings name. */
export const ManagementServerLive = Layer.unwrap(
  Effect.map(Config, ({ settings }) => {
    const unix = settings.APPNET_AGENT_ADMIN_MODE === "uds"
    const address = unix
      ? `unix:${settings.APPNET_AGENT_ADMIN_UDS_PATH}`
      : `http://${settings.APPNET_AGENT_HTTP_BIND_ADDRESS}:${settings.APPNET_AGENT_HTTP_PORT}`
    const bound = unix
      ? bindUnix(settings.APPNET_AGENT_ADMIN_UDS_PATH)
      : bindTcp(settings.APPNET_AGENT_HTTP_BIND_ADDRESS, settings.APPNET_AGENT_HTTP_PORT)
    return Layer.effect(
      ManagementServer,
      Effect.as(Effect.logInfo(`management API on ${address}`), ManagementServer.of({ address }))
    ).pipe(
      Layer.provide(HttpRouter.serve(ManagementRoutes, { routerConfig, disableLogger: true, disableListenLog: true })),
      Layer.provide(bound)
    )
  })
)

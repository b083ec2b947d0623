import { Effect, Layer } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import { Config } from "../../../services/Config.ts"
import { parseHostPort } from "../../../services/hostPort.ts"
import { ManagementServer } from "../../../services/ManagementServer.ts"
import { bindTcp, bindUnix } from "./bind.ts"
import { routerConfig } from "./dispatch.ts"
import { managementRoutes, scrapeRoutes } from "./routes.ts"

/** Serves the routes that `add` puts on a router of their own. */
const serve = <E, R>(add: (router: HttpRouter.HttpRouter) => Effect.Effect<void, E, R>) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const router = yield* Effect.provideService(HttpRouter.make, HttpRouter.RouterConfig, routerConfig)
      yield* add(router)
      return HttpServer.serve(router.asHttpEffect())
    })
  )

const serveManagement = Layer.unwrap(
  Effect.map(Config, ({ settings }) => {
    const { APPNET_AGENT_HTTP_BIND_ADDRESS: host, APPNET_AGENT_HTTP_PORT: port } = settings
    return Layer.provide(
      serve(managementRoutes),
      settings.APPNET_AGENT_ADMIN_MODE === "uds"
        ? bindUnix(settings.APPNET_AGENT_ADMIN_UDS_PATH)
        : bindTcp(host, port, "APPNET_AGENT_HTTP_BIND_ADDRESS, APPNET_AGENT_HTTP_PORT")
    )
  })
)

const serveScrapers = (host: string, port: number) =>
  Layer.provide(serve(scrapeRoutes), bindTcp(host, port, "APPNET_AGENT_SCRAPE_ADDRESS"))

/** Serves what the settings ask for: the management API, and the stats on an address of their own. */
export const ManagementServerLive = Layer.unwrap(
  Effect.map(Config, ({ settings }) => {
    const scrape = settings.APPNET_AGENT_SCRAPE_ADDRESS
    const scrapeAt = scrape === undefined ? undefined : parseHostPort(scrape)
    const address =
      settings.APPNET_AGENT_ADMIN_MODE === undefined
        ? undefined
        : settings.APPNET_AGENT_ADMIN_MODE === "uds"
          ? `unix:${settings.APPNET_AGENT_ADMIN_UDS_PATH}`
          : `http://${settings.APPNET_AGENT_HTTP_BIND_ADDRESS}:${settings.APPNET_AGENT_HTTP_PORT}`
    const announce = Effect.gen(function* () {
      if (address !== undefined) yield* Effect.logInfo(`management API on ${address}`)
      if (scrape !== undefined) yield* Effect.logInfo(`stats for scrapers on http://${scrape}/stats/prometheus`)
      return ManagementServer.of({ address })
    })
    return Layer.effect(ManagementServer, announce).pipe(
      Layer.provide(address === undefined ? Layer.empty : serveManagement),
      Layer.provide(scrapeAt === undefined ? Layer.empty : serveScrapers(scrapeAt.host, scrapeAt.port))
    )
  })
)

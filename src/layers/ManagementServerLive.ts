import { Effect, Layer } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import { Config } from "../services/Config.ts"
import { ManagementServer } from "../services/ManagementServer.ts"
import { hostAndPort } from "../services/Settings.ts"
import { bindTcp, bindUnix } from "./management/bind.ts"
import { routerConfig } from "./management/dispatch.ts"
import { ManagementRoutes, ScrapeRoutes } from "./management/routes.ts"

const options = { routerConfig, disableLogger: true, disableListenLog: true }

const serveManagement = Layer.unwrap(
  Effect.map(Config, ({ settings }) => {
    const { APPNET_AGENT_HTTP_BIND_ADDRESS: host, APPNET_AGENT_HTTP_PORT: port } = settings
    return Layer.provide(
      HttpRouter.serve(ManagementRoutes, options),
      settings.APPNET_AGENT_ADMIN_MODE === "uds"
        ? bindUnix(settings.APPNET_AGENT_ADMIN_UDS_PATH)
        : bindTcp(host, port, "APPNET_AGENT_HTTP_BIND_ADDRESS, APPNET_AGENT_HTTP_PORT")
    )
  })
)

const serveScrapers = (host: string, port: number) =>
  // Fresh: a router of its own, beside the management API's.
  Layer.fresh(
    Layer.provide(HttpRouter.serve(ScrapeRoutes, options), bindTcp(host, port, "APPNET_AGENT_SCRAPE_ADDRESS"))
  )

/** Serves what the settings ask for: the management API, and the stats on an address of their own. */
export const ManagementServerLive = Layer.unwrap(
  Effect.map(Config, ({ settings }) => {
    const scrape = settings.APPNET_AGENT_SCRAPE_ADDRESS
    const scrapeAt = scrape === undefined ? undefined : hostAndPort(scrape)
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
      Layer.provide(
        scrapeAt === undefined ? Layer.empty : serveScrapers(scrapeAt.v6 ?? scrapeAt.host ?? "", Number(scrapeAt.port))
      )
    )
  })
)

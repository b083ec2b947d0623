import { Effect, Layer } from "effect"
import * as HttpServer from "effect/http/HttpServer"
import { Config } from "../../../services/Config.ts"
import { parseHostPort } from "../../../services/hostPort.ts"
import { ManagementServer } from "../../../services/ManagementServer.ts"
import { managementApi, scrapeApi } from "./routes.ts"
import { listenOnTcp } from "./tcpListener.ts"
import { listenOnUnix } from "./unixListener.ts"

const serveManagement = Layer.unwrap(
  Effect.gen(function* () {
    const { settings } = yield* Config
    const { APPNET_AGENT_HTTP_BIND_ADDRESS: host, APPNET_AGENT_HTTP_PORT: port } = settings
    const listener =
      settings.APPNET_AGENT_ADMIN_MODE === "uds"
        ? listenOnUnix(settings.APPNET_AGENT_ADMIN_UDS_PATH)
        : listenOnTcp(host, port, "APPNET_AGENT_HTTP_BIND_ADDRESS, APPNET_AGENT_HTTP_PORT")
    return Layer.provide(HttpServer.serve(yield* managementApi), listener)
  })
)

const serveScrapers = (host: string, port: number) =>
  Layer.unwrap(Effect.map(scrapeApi, (api) => HttpServer.serve(api))).pipe(
    Layer.provide(listenOnTcp(host, port, "APPNET_AGENT_SCRAPE_ADDRESS"))
  )

/** Serves what the settings ask for: the management API, and the scrapable routes on an address of their own. */
export const ManagementServerLive = Layer.unwrap(
  Effect.map(Config, ({ settings }) => {
    const scrape = settings.APPNET_AGENT_SCRAPE_ADDRESS
    const scrapeEndpoint = scrape === undefined ? undefined : parseHostPort(scrape)
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
        scrapeEndpoint === undefined ? Layer.empty : serveScrapers(scrapeEndpoint.host, scrapeEndpoint.port)
      )
    )
  })
)

import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect, Layer } from "effect"
import { Config } from "../services/Config.ts"
import { ManagementServer } from "../services/ManagementServer.ts"
import { AdminClientLive } from "./AdminClientLive.ts"
import { BootstrapFileLive } from "./BootstrapFileLive.ts"
import { BootstrapLive } from "./BootstrapLive.ts"
import { ConfigLive } from "./ConfigLive.ts"
import { EnvoyBinaryLive } from "./EnvoyBinaryLive.ts"
import { EnvoyLauncherLive } from "./EnvoyLauncherLive.ts"
import { EnvoyProcessLive } from "./EnvoyProcessLive.ts"
import { HealthMonitorLive } from "./HealthMonitorLive.ts"
import { HostLive } from "./HostLive.ts"
import { SignalsLive } from "./SignalsLive.ts"

/** The server's code is loaded only where the API is asked for. */
const Management = Layer.unwrap(
  Effect.gen(function* () {
    const { settings } = yield* Config
    if (settings.APPNET_AGENT_ADMIN_MODE === undefined) {
      return Layer.succeed(ManagementServer, ManagementServer.of({ address: undefined }))
    }
    const { ManagementServerLive } = yield* Effect.promise(() => import("./ManagementServerLive.ts"))
    return ManagementServerLive
  })
)

/** Read from the bottom: each line may use all lines below it, and is released before them. */
export const AgentLive = Management.pipe(
  Layer.provideMerge(HealthMonitorLive),
  Layer.provideMerge(EnvoyProcessLive),
  Layer.provideMerge(EnvoyLauncherLive),
  Layer.provideMerge(AdminClientLive),
  Layer.provideMerge(BootstrapFileLive),
  Layer.provideMerge(BootstrapLive),
  Layer.provideMerge(EnvoyBinaryLive),
  Layer.provideMerge(HostLive),
  Layer.provideMerge(NodeFileSystem.layer),
  Layer.provideMerge(ConfigLive),
  Layer.provideMerge(SignalsLive)
)

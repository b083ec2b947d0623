import { Layer } from "effect"
import { AdminClientLive } from "./admin/AdminClientLive.ts"
import { BootstrapFileLive } from "./files/BootstrapFileLive.ts"
import { SideFilesLive } from "./files/SideFilesLive.ts"
import { HealthMonitorLive } from "./health/HealthMonitorLive.ts"
import { EnvoyOutputLive } from "./logs/EnvoyOutputLive.ts"
import { EnvoyLauncherLive } from "./process/EnvoyLauncherLive.ts"
import { EnvoyProcessLive } from "./process/EnvoyProcessLive.ts"

/**
 * The services around one Envoy, from its bootstrap file to its health. `EnvoyRole` says which of the agent's Envoys it is.
 * Read from the bottom: each line may use all lines below it, and is released before them.
 */
export const EnvoyLive = HealthMonitorLive.pipe(
  Layer.provideMerge(AdminClientLive),
  Layer.provideMerge(EnvoyProcessLive),
  Layer.provideMerge(EnvoyLauncherLive),
  Layer.provideMerge(EnvoyOutputLive),
  Layer.provideMerge(BootstrapFileLive),
  Layer.provideMerge(SideFilesLive)
)

import { Context, Effect, Layer, Option } from "effect"
import { Bootstrap } from "../services/Bootstrap.ts"
import { EnvoyProcess } from "../services/EnvoyProcess.ts"
import { EnvoyRole } from "../services/EnvoyRole.ts"
import { HealthMonitor } from "../services/HealthMonitor.ts"
import { LocalRelay } from "../services/LocalRelay.ts"
import { AdminClientLive } from "./AdminClientLive.ts"
import { BootstrapFileLive } from "./BootstrapFileLive.ts"
import { EnvoyLauncherLive } from "./EnvoyLauncherLive.ts"
import { EnvoyProcessLive } from "./EnvoyProcessLive.ts"
import { HealthMonitorLive } from "./HealthMonitorLive.ts"
import { SideFilesLive } from "./SideFilesLive.ts"

/** What is around each Envoy, from its process to its health. */
const aroundEnvoy = HealthMonitorLive.pipe(
  Layer.provideMerge(EnvoyProcessLive),
  Layer.provideMerge(EnvoyLauncherLive),
  Layer.provideMerge(AdminClientLive),
  Layer.provideMerge(BootstrapFileLive),
  Layer.provideMerge(SideFilesLive)
)

/** The second Envoy where the bootstrap asks for one: the layers of the first, built afresh on a bootstrap of its own. */
export const LocalRelayLive = Layer.effect(
  LocalRelay,
  Effect.gen(function* () {
    const { localRelay } = yield* Bootstrap
    if (localRelay === undefined) return Option.none()
    const { admin, document } = localRelay
    const own = Bootstrap.of({ document, admin, localRelay: undefined, managementServer: undefined, warnings: [] })
    const built = yield* Layer.build(
      Layer.fresh(
        aroundEnvoy.pipe(
          Layer.provide(Layer.succeed(Bootstrap, own)),
          Layer.provide(Layer.succeed(EnvoyRole, "local relay"))
        )
      )
    )
    return Option.some({
      process: Context.get(built, EnvoyProcess),
      health: Context.get(built, HealthMonitor).health
    })
  })
)

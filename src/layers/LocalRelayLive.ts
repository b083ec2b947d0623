import { Context, Effect, Layer, Option } from "effect"
import { AdminClient } from "../services/AdminClient.ts"
import { Bootstrap } from "../services/Bootstrap.ts"
import { Config } from "../services/Config.ts"
import { EnvoyEnded, EnvoyProcess } from "../services/EnvoyProcess.ts"
import { EnvoyRole } from "../services/EnvoyRole.ts"
import { HealthMonitor } from "../services/HealthMonitor.ts"
import { LocalRelay } from "../services/LocalRelay.ts"
import { EnvoyLive } from "./EnvoyLive.ts"
import { localRelayLog } from "./logs/destination.ts"

/** A second Envoy, around which the given layers are built afresh. */
export const localRelayOn = <E, R>(envoy: Layer.Layer<AdminClient | EnvoyProcess | HealthMonitor, E, R>) =>
  Layer.effect(
    LocalRelay,
    Effect.gen(function* () {
      const { settings } = yield* Config
      const built = yield* Layer.build(Layer.fresh(Layer.provide(envoy, Layer.succeed(EnvoyRole, "local relay"))))
      const process = Context.get(built, EnvoyProcess)
      // Its own log lines are not in the agent's log.
      const supervise = Effect.catchTag(process.supervise, "EnvoyEnded", (ended) =>
        Effect.fail(new EnvoyEnded({ ...ended, hint: localRelayLog(settings) }))
      )
      return Option.some({
        process: EnvoyProcess.of({ ...process, supervise }),
        health: Context.get(built, HealthMonitor).health,
        isForwardingStreams: Context.get(built, AdminClient).healthStats.pipe(
          Effect.tapError((error) => Effect.logDebug(`no count of the local relay's streams: ${error.message}`)),
          Effect.match({ onFailure: () => false, onSuccess: ({ relayedStreams = 0 }) => relayedStreams > 0 })
        )
      })
    })
  )

/** The second Envoy where the bootstrap asks for one: the layers of the first, on a bootstrap of its own. */
export const LocalRelayLive = Layer.unwrap(
  Effect.gen(function* () {
    const { settings } = yield* Config
    const { localRelay } = yield* Bootstrap
    if (localRelay === undefined) return Layer.succeed(LocalRelay, Option.none())
    yield* Effect.logInfo(
      `Envoy cannot sign AWS requests by itself: a second one does it, on 127.0.0.1:${settings.APPNET_LOCAL_RELAY_LISTENER_PORT}; ${localRelayLog(settings)}`
    )
    const { admin, document } = localRelay
    const own = Bootstrap.of({
      document,
      admin,
      usesAds: false,
      localRelay: undefined,
      managementServer: undefined,
      warnings: []
    })
    return localRelayOn(Layer.provide(EnvoyLive, Layer.succeed(Bootstrap, own)))
  })
)

import { Effect, Layer } from "effect"
import { Bootstrap, NoLocalRelay } from "../../services/Bootstrap.ts"
import { BootstrapLive } from "./BootstrapLive.ts"

/** The bootstrap of the second Envoy in place of the first one's, for `appnet-agent bootstrap --local-relay`. */
export const LocalRelayBootstrapLive = Layer.effect(
  Bootstrap,
  Effect.gen(function* () {
    const { localRelay, warnings } = yield* Bootstrap
    if (localRelay === undefined) return yield* new NoLocalRelay()
    return Bootstrap.of({ ...localRelay, usesAds: false, localRelay: undefined, managementServer: undefined, warnings })
  })
).pipe(Layer.provide(BootstrapLive))

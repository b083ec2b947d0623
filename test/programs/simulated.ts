import { Layer } from "effect"
import { HealthMonitorLive } from "../../src/layers/health/HealthMonitorLive.ts"
import { localRelayOn } from "../../src/layers/LocalRelayLive.ts"
import { EnvoyProcessLive } from "../../src/layers/process/EnvoyProcessLive.ts"
import {
  fixedBootstrap,
  type SimulatedAdmin,
  type SimulatedLauncher,
  type SimulatedSignals,
  settings
} from "../fakes.ts"

/** The operating system and the admin of one simulated Envoy. */
export interface SimulatedEnvoy {
  readonly launcher: SimulatedLauncher
  readonly admin: SimulatedAdmin
}

const around = ({ admin, launcher }: SimulatedEnvoy) =>
  HealthMonitorLive.pipe(
    Layer.provideMerge(EnvoyProcessLive),
    Layer.provideMerge(Layer.mergeAll(launcher.layer, admin.layer))
  )

/** All that `run` needs, on a simulated world; with a local relay where there is one. */
export const agentOn = (
  envoy: SimulatedEnvoy,
  signals: SimulatedSignals,
  environment: Readonly<Record<string, string>>,
  relay?: SimulatedEnvoy
) =>
  around(envoy).pipe(
    Layer.provideMerge(relay === undefined ? Layer.empty : localRelayOn(around(relay))),
    Layer.provideMerge(Layer.merge(signals.layer, fixedBootstrap)),
    Layer.provideMerge(settings(environment))
  )

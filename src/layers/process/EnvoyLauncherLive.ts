import * as fs from "node:fs"
import { Effect, Layer, Option } from "effect"
import { Bootstrap, BootstrapFile } from "../../services/Bootstrap.ts"
import { Config } from "../../services/Config.ts"
import { ConfiguredLogLevel } from "../../services/ConfiguredLogLevel.ts"
import { EnvoyBinary } from "../../services/EnvoyBinary.ts"
import {
  EnvoyLauncher,
  EnvoyLaunchFailed,
  type LaunchedEnvoy,
  type ProcessSample
} from "../../services/EnvoyLauncher.ts"
import { EnvoyOutput } from "../../services/EnvoyOutput.ts"
import { EnvoyRole, nameOf } from "../../services/EnvoyRole.ts"
import { EnvoyWrapper } from "../../services/EnvoyWrapper.ts"
import { printableLine } from "../../services/foreignText.ts"
import type { SettingName } from "../../services/Settings.ts"
import { removeSocketAtEnd } from "../files/leftSocket.ts"
import { lastingOccupantOf, occupantOf } from "../files/socketPlace.ts"
import { startChild } from "./childProcess.ts"
import { startDeathGuard } from "./deathGuard.ts"
import { envoyArguments, hotRestartArguments } from "./envoyArguments.ts"
import { envoyEnvironment, signsForAws } from "./envoyEnvironment.ts"
import { parseProcSample } from "./procStat.ts"

/** A base id whose shared memory no Envoy of this host holds. */
const freeBaseId = Effect.sync(() => {
  let id = process.pid
  while (fs.existsSync(`/dev/shm/envoy_shared_memory_${id * 10}`)) id += 1
  return id
})

/** Kills what a script in Envoy's place has started and left behind: Envoy leads a process group of its own. */
const killProcessGroup = (pid: number) => Effect.ignore(Effect.try(() => process.kill(-pid, "SIGKILL")))

const readSample = (pid: number): Effect.Effect<Option.Option<ProcessSample>> =>
  Effect.try(() =>
    parseProcSample(fs.readFileSync(`/proc/${pid}/stat`, "latin1"), fs.readFileSync(`/proc/${pid}/status`, "latin1"))
  ).pipe(
    Effect.catch((error) => Effect.as(Effect.logDebug(`no sample of process ${pid}:`, error.cause), Option.none()))
  )

/** A socket that Envoy makes. It removes whatever is at the path. */
interface EnvoySocket {
  readonly path: string
  readonly variable: SettingName
  /** Whether a new agent takes it over from one that still runs, as in a deployment. */
  readonly isHandedOver: boolean
}

/** Fails where Envoy would remove what is not the agent's. */
const checkPlace = Effect.fnUntraced(function* ({ isHandedOver, path, variable }: EnvoySocket) {
  const occupant = yield* isHandedOver ? occupantOf(path) : lastingOccupantOf(path)
  if (occupant === undefined || (occupant.isLive && isHandedOver)) return
  const advice = occupant.isLive ? "stop that process" : "remove it"
  const message = `${printableLine(path)} (${variable}) is ${occupant.what}, which Envoy would replace: ${advice}, or choose another path`
  return yield* Effect.fail({ message })
})

export const EnvoyLauncherLive = Layer.effect(
  EnvoyLauncher,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const binary = yield* EnvoyBinary
    const output = yield* EnvoyOutput
    const bootstrap = yield* BootstrapFile
    const { admin, document } = yield* Bootstrap
    const role = yield* EnvoyRole
    const wrapper = yield* EnvoyWrapper
    const configuredLevel = yield* ConfiguredLogLevel
    const isRelay = settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS && document._tag === "Generated"
    const adminVariable = document._tag === "Custom" ? "ENVOY_CONFIG_FILE" : "APPNET_ENVOY_ADMIN_UDS_PATH"
    const sockets: ReadonlyArray<EnvoySocket> = [
      ...(admin._tag === "Unix" ? [{ path: admin.path, variable: adminVariable, isHandedOver: false } as const] : []),
      ...(isRelay
        ? [
            {
              path: settings.APPNET_RELAY_LISTENER_UDS_PATH,
              variable: "APPNET_RELAY_LISTENER_UDS_PATH",
              isHandedOver: true
            } as const
          ]
        : [])
    ]
    for (const { path } of sockets) yield* removeSocketAtEnd(path)
    // Found out once for all starts, while the layers above this one are still being built.
    const prerequisites = yield* Effect.cached(
      Effect.all({ path: binary.path, wrapper: wrapper.words, baseId: freeBaseId }, { concurrency: "unbounded" })
    )
    yield* Effect.forkScoped(Effect.ignore(prerequisites))
    const signs = signsForAws(document)
    yield* Effect.logDebug(
      `${nameOf(role)} ${signs ? "may sign for AWS, and gets" : "does not sign for AWS, and gets no"} credentials`
    )
    const environment = envoyEnvironment(signs)
    let isLossTold = false
    /** The guard is a second hold beside that of the wrapper; one warning, where there is none at all. */
    const onGuardLoss = (wrapper: ReadonlyArray<string>) => (reason: string) => {
      const isHeld = wrapper.length > 0
      const text = `no shell ends Envoy with the agent (/bin/sh: ${reason})`
      if (isHeld || isLossTold) return Effect.logDebug(text)
      isLossTold = true
      return Effect.logWarning(
        `${text}, and setpriv does not work here: Envoy would outlive an agent that is killed with SIGKILL`
      )
    }

    const launch = Effect.gen(function* () {
      const { baseId, path, wrapper } = yield* prerequisites
      const failed = (error: { readonly message: string }) => new EnvoyLaunchFailed({ path, problem: error.message })
      yield* Effect.mapError(Effect.forEach(sockets, checkPlace, { discard: true }), failed)
      const bootstrapPath = yield* Effect.mapError(bootstrap.prepare, failed)
      const descriptors = yield* Effect.mapError(output.open, failed)
      const moved = role === "main" ? yield* configuredLevel.takeForStart : Option.none()
      const [command = path, ...words] = [
        ...wrapper,
        path,
        ...envoyArguments(settings, bootstrapPath, role, Option.getOrUndefined(moved)),
        ...hotRestartArguments(settings, baseId, role)
      ]
      yield* Effect.logDebug(`starting ${[command, ...words].join(" ")}`)
      const guard = yield* startDeathGuard(onGuardLoss(wrapper))
      // In a session of its own: Ctrl-C on a terminal reaches the agent alone, which then drains.
      const child = yield* startChild(command, words, { output: descriptors, env: environment, detached: true }).pipe(
        Effect.tap(({ exit, pid, signal }) =>
          Effect.addFinalizer(() => signal("SIGKILL").pipe(Effect.andThen(exit), Effect.andThen(killProcessGroup(pid))))
        ),
        Effect.mapError(failed)
      )
      const { exit, pid, signal } = child
      guard.protect(pid)
      return { pid, exit, signal, sample: readSample(pid) } satisfies LaunchedEnvoy
    }).pipe(Effect.withSpan("EnvoyLauncher.launch"))

    return EnvoyLauncher.of({ launch })
  })
)

import { Effect, Layer, Option, Result } from "effect"
import { Bootstrap, BootstrapError } from "../../services/Bootstrap.ts"
import { Config } from "../../services/Config.ts"
import { EnvoyBinary } from "../../services/EnvoyBinary.ts"
import { Host } from "../../services/Host.ts"
import { InstanceMetadata, TaskMetadata } from "../../services/Metadata.ts"
import type { SettingName, Settings } from "../../services/Settings.ts"
import type { Mode } from "../../services/settingKinds.ts"
import { readTask } from "../platform/taskFacts.ts"
import { adminBlock, adminOf } from "./adminAddress.ts"
import { compose } from "./compose.ts"
import { tracerConflict } from "./fragments/tracing.ts"
import { managementServerOf } from "./mode/managementServer.ts"
import { modeKind, modeOf, unusedIn } from "./mode/mode.ts"
import { portCollisions } from "./portCollisions.ts"
import {
  accessLogFor,
  caBundleFor,
  manifestProblems,
  missingCredentials,
  readMerged,
  socketWarnings
} from "./userFiles/pathChecks.ts"
import { readNamed } from "./userFiles/readFile.ts"
import { longestFile, readYaml } from "./userFiles/yaml.ts"

const refuse = (...problems: ReadonlyArray<string>) => Effect.fail(new BootstrapError({ problems }))

/** A bootstrap of the user's own is for Envoy to read: the agent needs its admin alone. */
const longestOwn = 8 * 1024 * 1024

/** The user's own bootstrap; undefined where there is none, or an empty file. */
const custom = Effect.gen(function* () {
  const { settings } = yield* Config
  const path = settings.ENVOY_CONFIG_FILE
  if (path === undefined) return undefined
  const text = yield* Effect.catch(readNamed("ENVOY_CONFIG_FILE", path, longestOwn), (problem) => refuse(problem))
  if (text.trim() === "") return undefined
  const name = `ENVOY_CONFIG_FILE=${path}`
  const { placeOf, value } = yield* Effect.catch(
    readYaml(text.length > longestFile ? adminBlock(text) : text),
    (problem) => refuse(`${name}: ${problem}`)
  )
  const admin = adminOf(value)
  if (admin === undefined) {
    return yield* refuse(
      `${name}: ${placeOf("admin")}: no admin address that the agent could ask: expected admin.address with a socketAddress (address and portValue) or a pipe (path)`
    )
  }
  return Bootstrap.of({
    document: { _tag: "Custom", path, text },
    admin,
    localRelay: undefined,
    managementServer: undefined,
    warnings: []
  })
})

const noTask = readTask(undefined, undefined)
const nothingAsked = Effect.succeed({
  facts: { region: undefined, availabilityZone: undefined, availabilityZoneId: undefined },
  warnings: []
})
const inKubernetes = [
  "APPMESH_PLATFORM_K8S_VERSION",
  "APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION",
  "APPMESH_PLATFORM_K8S_POD_UID"
] as const

/** What the platform tells: a control plane without AWS needs nothing of it. */
const platform = Effect.fnUntraced(function* (settings: Settings) {
  const task = yield* TaskMetadata
  const instance = yield* InstanceMetadata
  const kind = modeKind(settings)
  const regionNeeded = (kind === "app mesh" || kind === "relay") && settings.AWS_REGION === undefined
  const placementWanted =
    kind !== "standalone" && kind !== "relay" && inKubernetes.every((name) => settings[name] !== undefined)
  return yield* Effect.all(
    {
      task: kind === "standalone" || kind === "relay" ? Effect.succeed({ facts: noTask, warnings: [] }) : task.collect,
      instance: regionNeeded || placementWanted ? instance.collect : nothingAsked
    },
    { concurrency: "unbounded" }
  )
})

/** Whether the xDS stream goes through a second Envoy, and what is worth a warning of that. */
const throughLocalRelay = Effect.fnUntraced(function* (settings: Settings) {
  const asked = settings.APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS
  if (modeKind(settings) !== "app mesh") return { wanted: false, warnings: [] }
  if (asked !== "auto") return { wanted: asked === "1", warnings: [] }
  const signs = yield* (yield* EnvoyBinary).signsForAws
  return {
    wanted: !Option.contains(signs, true),
    warnings: Option.isSome(signs)
      ? []
      : [
          "Envoy did not tell whether it can sign AWS requests by itself: a local relay does it (APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS)"
        ]
  }
})

const nothing = Effect.succeed([])

/** The files that shape Envoy's bootstrap: a relay's is a template alone. */
const filesOf = (settings: Settings) => {
  const isRelay = modeKind(settings) === "relay"
  return {
    accessLog: accessLogFor(settings.ENVOY_ADMIN_ACCESS_LOG_FILE),
    caBundle: caBundleFor(settings),
    credentials: isRelay ? nothing : missingCredentials(settings),
    sockets: socketWarnings(settings),
    manifest: isRelay ? nothing : manifestProblems(settings),
    merged: isRelay ? Effect.succeed({ files: [], problems: [] }) : readMerged(settings)
  }
}

const generated = Effect.gen(function* () {
  const { inForce, settings } = yield* Config
  const binary = yield* EnvoyBinary
  const host = yield* Host
  // Side by side: what is slow waits for nothing else.
  const { accessLog, caBundle, credentials, localRelay, manifest, merged, sockets, told, version } = yield* Effect.all(
    {
      version: binary.version,
      localRelay: throughLocalRelay(settings),
      told: platform(settings),
      ...filesOf(settings)
    },
    { concurrency: "unbounded" }
  )
  const given = new Set(inForce.filter(({ source }) => source !== "default").map(({ name }) => name))
  const isSet = (name: SettingName) => given.has(name)
  const region = settings.AWS_REGION ?? told.instance.facts.region
  const kind = modeKind(settings)
  const mode = modeOf(settings, {
    hostName: host.name,
    version,
    region,
    throughLocalRelay: localRelay.wanted,
    isSet
  })
  const served: readonly [Mode, ...ReadonlyArray<Mode>] = localRelay.wanted ? [kind, "local relay"] : [kind]
  const conflict = kind === "relay" ? undefined : tracerConflict(settings)
  const problems = [
    ...(Result.isFailure(mode) ? mode.failure : []),
    ...(conflict === undefined ? [] : [conflict]),
    ...credentials,
    ...manifest,
    ...merged.problems,
    ...portCollisions(settings, served)
  ]
  if (Result.isFailure(mode) || problems.length > 0) return yield* refuse(...problems)

  const composed = compose(mode.success, settings, {
    version,
    kernelVersion: host.kernelVersion,
    machine: host.machine,
    addresses: host.addresses,
    task: told.task.facts,
    instance: told.instance.facts,
    accessLog: accessLog.path,
    caBundle: caBundle.path,
    files: merged.files,
    isSet
  })
  if (Result.isFailure(composed)) return yield* refuse(...composed.failure)
  const { admin, decisions, localRelay: relay, sideFiles, value, warnings } = composed.success
  const namesRoots = [...decisions, ...(relay?.decisions ?? [])].some(({ by }) => by.includes("APPNET_CA_BUNDLE"))
  const namesAccessLog = decisions.some(({ by }) => by.includes("ENVOY_ADMIN_ACCESS_LOG_FILE"))
  return Bootstrap.of({
    document: { _tag: "Generated", value, decisions, sideFiles },
    admin,
    localRelay:
      relay === undefined
        ? undefined
        : {
            document: { _tag: "Generated", value: relay.value, decisions: relay.decisions, sideFiles: [] },
            admin: relay.admin
          },
    managementServer: managementServerOf(mode.success, settings, caBundle.path),
    warnings: [
      ...unusedIn(served, inForce),
      ...localRelay.warnings,
      ...sockets,
      ...(namesAccessLog ? accessLog.warnings : []),
      ...(namesRoots ? caBundle.warnings : []),
      ...told.task.warnings,
      ...told.instance.warnings,
      ...warnings
    ]
  })
})

/** The bootstrap that the settings ask for: the user's own file, or one made of everything known. */
export const BootstrapLive = Layer.effect(
  Bootstrap,
  Effect.flatMap(custom, (own) => (own === undefined ? generated : Effect.succeed(own)))
)

const noLocalRelay =
  "there is no local relay here: it is for App Mesh mode with an Envoy that cannot sign by itself (APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS)"

/** The same for the second Envoy of local relay mode. */
export const LocalRelayBootstrapLive = Layer.effect(
  Bootstrap,
  Effect.flatMap(Bootstrap, ({ localRelay, warnings }) =>
    localRelay === undefined
      ? refuse(noLocalRelay)
      : Effect.succeed(Bootstrap.of({ ...localRelay, localRelay: undefined, managementServer: undefined, warnings }))
  )
).pipe(Layer.provide(BootstrapLive))

import { Effect, FileSystem, Layer, Result } from "effect"
import { Bootstrap, BootstrapError } from "../services/Bootstrap.ts"
import { Config } from "../services/Config.ts"
import { EnvoyBinary } from "../services/EnvoyBinary.ts"
import { Host } from "../services/Host.ts"
import { InstanceMetadata, TaskMetadata } from "../services/Metadata.ts"
import { type SettingName, type Settings, settingsTable } from "../services/Settings.ts"
import { adminBlock, adminOf } from "./bootstrap/adminAddress.ts"
import { compose } from "./bootstrap/compose.ts"
import { managementServerOf } from "./bootstrap/managementServer.ts"
import { type CustomFile, mergedFiles } from "./bootstrap/merge.ts"
import { modeKind, modeOf, unusedIn } from "./bootstrap/mode.ts"
import { readNamed } from "./bootstrap/namedFile.ts"
import { problemOfManifest } from "./bootstrap/samplingManifest.ts"
import { tracerConflict } from "./bootstrap/tracing.ts"
import { usualBundles } from "./bootstrap/trustedRoots.ts"
import { longestFile, readYaml } from "./bootstrap/yaml.ts"
import { readTask } from "./metadata/task.ts"

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
  return Bootstrap.of({ document: { _tag: "Custom", path, text }, admin, managementServer: undefined, warnings: [] })
})

const usualAccessLog = settingsTable.ENVOY_ADMIN_ACCESS_LOG_FILE.default
const accessLogInstead = "/tmp/envoy_admin_access.log"

/** Envoy ends when it cannot open its access log: the usual one needs a folder that not every user may write to. */
const accessLogFor = Effect.fnUntraced(function* (asked: string) {
  if (asked !== usualAccessLog) return { path: asked, warnings: [] }
  const fs = yield* FileSystem.FileSystem
  const folder = usualAccessLog.slice(0, usualAccessLog.lastIndexOf("/"))
  const writable = yield* Effect.match(fs.access(folder, { writable: true }), {
    onFailure: () => false,
    onSuccess: () => true
  })
  if (writable) return { path: asked, warnings: [] }
  return {
    path: accessLogInstead,
    warnings: [
      `${folder} cannot be written: Envoy's admin access log is ${accessLogInstead} (ENVOY_ADMIN_ACCESS_LOG_FILE)`
    ]
  }
})

const exists = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(path), () => false))

/** The bundle of trusted roots, where the bootstrap names one. */
const caBundleFor = Effect.fnUntraced(function* (settings: Settings) {
  const asked = settings.APPNET_CA_BUNDLE
  for (const path of asked === undefined ? usualBundles : [asked]) {
    if (yield* exists(path)) return { path, warnings: [] }
  }
  const path = asked ?? usualBundles[0]
  return { path, warnings: [`${path} does not exist: set APPNET_CA_BUNDLE to a file with the trusted roots`] }
})

/** Which variables of standalone mode name files that Envoy reads by itself, later. */
const credentialFiles = {
  grpc: [],
  tls: ["APPNET_CA_BUNDLE", "APPNET_XDS_TOKEN_FILE"],
  mtls: ["APPNET_CA_BUNDLE", "APPNET_XDS_TOKEN_FILE", "APPNET_XDS_CLIENT_CERT_FILE", "APPNET_XDS_CLIENT_KEY_FILE"]
} as const

const missingCredentials = Effect.fnUntraced(function* (settings: Settings) {
  const problems: Array<string> = []
  for (const variable of settings.APPNET_XDS_MODE === undefined ? [] : credentialFiles[settings.APPNET_XDS_MODE]) {
    const path = settings[variable]
    if (path !== undefined && !(yield* exists(path))) problems.push(`${variable}=${path} does not exist`)
  }
  return problems
})

/** Reads the files that are merged, all of them, and tells what is wrong with each. */
const readMerged = Effect.fnUntraced(function* (settings: Settings) {
  const files: Array<CustomFile> = []
  const problems: Array<string> = []
  for (const variable of mergedFiles) {
    const path = settings[variable]
    if (path === undefined) continue
    const read = yield* readNamed(variable, path).pipe(
      Effect.flatMap((text) => Effect.mapError(readYaml(text), (problem) => `${variable}=${path}: ${problem}`)),
      Effect.result
    )
    if (Result.isSuccess(read)) files.push({ variable, path, ...read.success })
    else problems.push(read.failure)
  }
  return { files, problems }
})

/** What is wrong with the user's sampling rules, where X-Ray reads them. */
const manifestProblems = Effect.fnUntraced(function* (settings: Settings) {
  const path = settings.XRAY_SAMPLING_RULE_MANIFEST
  if (path === undefined || !settings.ENABLE_ENVOY_XRAY_TRACING) return []
  const variable = "XRAY_SAMPLING_RULE_MANIFEST"
  return yield* Effect.match(readNamed(variable, path), {
    onFailure: (problem) => [problem],
    onSuccess: (text) => {
      const problem = problemOfManifest(text)
      return problem === undefined ? [] : [`${variable}=${path}: ${problem}`]
    }
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
  const placementWanted = kind !== "standalone" && inKubernetes.every((name) => settings[name] !== undefined)
  return yield* Effect.all(
    {
      task: kind === "standalone" ? Effect.succeed({ facts: noTask, warnings: [] }) : task.collect,
      instance: regionNeeded || placementWanted ? instance.collect : nothingAsked
    },
    { concurrency: "unbounded" }
  )
})

const generated = Effect.gen(function* () {
  const { inForce, settings } = yield* Config
  const binary = yield* EnvoyBinary
  const host = yield* Host
  // Side by side: what is slow waits for nothing else.
  const { accessLog, caBundle, credentials, manifest, merged, told, version } = yield* Effect.all(
    {
      version: binary.version,
      told: platform(settings),
      accessLog: accessLogFor(settings.ENVOY_ADMIN_ACCESS_LOG_FILE),
      caBundle: caBundleFor(settings),
      credentials: missingCredentials(settings),
      manifest: manifestProblems(settings),
      merged: readMerged(settings)
    },
    { concurrency: "unbounded" }
  )
  const region = settings.AWS_REGION ?? told.instance.facts.region
  const mode = modeOf(settings, { hostName: host.name, version, region })
  const conflict = tracerConflict(settings)
  const problems = [
    ...(Result.isFailure(mode) ? mode.failure : []),
    ...(conflict === undefined ? [] : [conflict]),
    ...credentials,
    ...manifest,
    ...merged.problems
  ]
  if (Result.isFailure(mode) || problems.length > 0) return yield* refuse(...problems)

  const given = new Set(inForce.filter(({ source }) => source !== "default").map(({ name }) => name))
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
    isSet: (name: SettingName) => given.has(name)
  })
  if (Result.isFailure(composed)) return yield* refuse(...composed.failure)
  const { admin, decisions, sideFiles, value, warnings } = composed.success
  const namesRoots = decisions.some(({ by }) => by.includes("APPNET_CA_BUNDLE"))
  return Bootstrap.of({
    document: { _tag: "Generated", value, decisions, sideFiles },
    admin,
    managementServer: managementServerOf(mode.success, settings, caBundle.path),
    warnings: [
      ...unusedIn(modeKind(settings), inForce),
      ...accessLog.warnings,
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

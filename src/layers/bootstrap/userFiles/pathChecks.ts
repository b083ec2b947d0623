// What the settings name in the file system, and what is wrong with it.
import { Effect, FileSystem, Result } from "effect"
import { type Settings, settingsTable } from "../../../services/Settings.ts"
import { type CustomFile, mergedFiles } from "./merge.ts"
import { readNamed } from "./readFile.ts"
import { problemOfManifest } from "./samplingManifest.ts"
import { usualBundles } from "./trustedRoots.ts"
import { readYaml } from "./yaml.ts"

/** Whether this user may make files in a folder. */
const isWritable = (folder: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.match(fs.access(folder, { writable: true }), { onFailure: () => false, onSuccess: () => true })
  )

const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/")) || (path.startsWith("/") ? "/" : ".")

const usualAccessLog = settingsTable.ENVOY_ADMIN_ACCESS_LOG_FILE.default
const accessLogInstead = "/tmp/envoy_admin_access.log"

/** Envoy ends when it cannot open its access log: the usual one needs a folder that not every user may write to. */
export const accessLogFor = Effect.fnUntraced(function* (asked: string) {
  if (asked !== usualAccessLog) return { path: asked, warnings: [] }
  const folder = folderOf(usualAccessLog)
  if (yield* isWritable(folder)) return { path: asked, warnings: [] }
  return {
    path: accessLogInstead,
    warnings: [
      `${folder} cannot be written: Envoy's admin access log is ${accessLogInstead} (ENVOY_ADMIN_ACCESS_LOG_FILE)`
    ]
  }
})

/** The sockets that Envoy makes by itself: it ends where it cannot. */
export const socketWarnings = Effect.fnUntraced(function* (settings: Settings) {
  const isRelay = settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS
  const warnings: Array<string> = []
  for (const variable of [
    ...(isRelay ? (["APPNET_RELAY_LISTENER_UDS_PATH"] as const) : []),
    ...(isRelay || settings.ENVOY_ADMIN_MODE === "uds" ? (["APPNET_ENVOY_ADMIN_UDS_PATH"] as const) : [])
  ]) {
    const path = settings[variable]
    const folder = folderOf(path)
    if (!path.startsWith("@") && !(yield* isWritable(folder))) {
      warnings.push(
        `${variable}=${path}: Envoy cannot make this socket, since ${folder} does not exist or cannot be written by this user`
      )
    }
  }
  return warnings
})

const exists = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(path), () => false))

/** The bundle of trusted roots, where the bootstrap names one. */
export const caBundleFor = Effect.fnUntraced(function* (settings: Settings) {
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

export const missingCredentials = Effect.fnUntraced(function* (settings: Settings) {
  const problems: Array<string> = []
  for (const variable of settings.APPNET_XDS_MODE === undefined ? [] : credentialFiles[settings.APPNET_XDS_MODE]) {
    const path = settings[variable]
    if (path !== undefined && !(yield* exists(path))) problems.push(`${variable}=${path} does not exist`)
  }
  return problems
})

/** Reads the files that are merged, all of them, and tells what is wrong with each. */
export const readMerged = Effect.fnUntraced(function* (settings: Settings) {
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
export const manifestProblems = Effect.fnUntraced(function* (settings: Settings) {
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

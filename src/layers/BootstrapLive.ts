import { Effect, FileSystem, Layer, Result } from "effect"
import { Bootstrap, BootstrapError } from "../services/Bootstrap.ts"
import { Config } from "../services/Config.ts"
import { EnvoyBinary } from "../services/EnvoyBinary.ts"
import { Host } from "../services/Host.ts"
import { type SettingName, settingsTable } from "../services/Settings.ts"
import { compose } from "./bootstrap/compose.ts"
import { adminOf, parseYaml } from "./bootstrap/customFile.ts"
import { modeOf } from "./bootstrap/mode.ts"

const refuse = (...problems: ReadonlyArray<string>) => Effect.fail(new BootstrapError({ problems }))

/** A file that a variable names; the reason why it cannot be used names both. */
const readNamed = Effect.fnUntraced(function* (variable: SettingName, path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.catch(fs.readFileString(path), (error) => {
    const reason = error.reason._tag === "NotFound" ? "does not exist" : `cannot be read (${error.reason._tag})`
    return refuse(`${variable}=${path} ${reason}`)
  })
})

/** The user's own bootstrap; undefined where there is none, or an empty file. */
const custom = Effect.gen(function* () {
  const { settings } = yield* Config
  const path = settings.ENVOY_CONFIG_FILE
  if (path === undefined) return undefined
  const text = yield* readNamed("ENVOY_CONFIG_FILE", path)
  if (text.trim() === "") return undefined
  const name = `ENVOY_CONFIG_FILE=${path}`
  const parsed = yield* Effect.catch(parseYaml(text, name), (problem) => refuse(problem))
  const admin = adminOf(parsed)
  if (admin === undefined) {
    return yield* refuse(
      `${name} has no admin address that the agent could ask: expected admin.address with a socketAddress (address and portValue) or a pipe (path)`
    )
  }
  return Bootstrap.of({ document: { _tag: "Custom", path, text }, admin, warnings: [] })
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

const generated = Effect.gen(function* () {
  const { inForce, settings } = yield* Config
  const binary = yield* EnvoyBinary
  const host = yield* Host
  const mode = modeOf(settings)
  if (Result.isFailure(mode)) return yield* refuse(...mode.failure)
  const accessLog = yield* accessLogFor(settings.ENVOY_ADMIN_ACCESS_LOG_FILE)
  const given = new Set(inForce.filter(({ source }) => source !== "default").map(({ name }) => name))
  const composed = compose(mode.success, settings, {
    version: yield* binary.version,
    host,
    accessLog: accessLog.path,
    isSet: (name) => given.has(name)
  })
  return Bootstrap.of({
    document: { _tag: "Generated", value: composed.value },
    admin: composed.admin,
    warnings: [...accessLog.warnings, ...composed.warnings]
  })
})

/** The bootstrap that the settings ask for: the user's own file, or one made of everything known. */
export const BootstrapLive = Layer.effect(
  Bootstrap,
  Effect.flatMap(custom, (own) => (own === undefined ? generated : Effect.succeed(own)))
)

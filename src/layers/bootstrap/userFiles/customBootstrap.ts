import { Effect, Option, Result } from "effect"
import { Bootstrap } from "../../../services/Bootstrap.ts"
import { UserFileError } from "../../../services/BootstrapProblem.ts"
import type { Settings } from "../../../services/Settings.ts"
import { expectedAdmin, findAdminAddress } from "../adminAddress.ts"
import { mayUseAds, usesAds } from "../usesAds.ts"
import { maximumCustomBootstrapBytes, maximumFileBytes } from "./limits.ts"
import { parseUserYaml, readUserFile } from "./readUserFile.ts"

const variable = "ENVOY_CONFIG_FILE"

/** The value of a JSON text; none if it is none. JSON of any size is read fast. */
const parseJson = (text: string): Option.Option<unknown> =>
  /^\uFEFF?\s*\{/.test(text)
    ? Result.getSuccess(Result.try((): unknown => JSON.parse(text.replace(/^\uFEFF/, ""))))
    : Option.none()

/** The lines of the top-level field `admin` of a YAML file in block style; empty without one. */
const adminLines = (source: string): string => {
  const start = source.startsWith("admin:") ? 0 : source.indexOf("\nadmin:") + 1
  if (start === 0 && !source.startsWith("admin:")) return ""
  let end = start
  do {
    const next = source.indexOf("\n", end)
    end = next === -1 ? source.length : next + 1
  } while (end < source.length && /[\s#]/.test(source[end] ?? ""))
  return source.slice(start, end)
}

/**
 * Where Envoy's admin listens according to the text, and whether Envoy opens an ADS stream. JSON and small YAML are read as a
 * whole; of other YAML only the lines of `admin`. That Envoy can read the rest is for Envoy to say.
 */
const readFacts = Effect.fnUntraced(function* (path: string, text: string) {
  const missing = (position: string | undefined) => {
    const has = position === undefined ? "has " : ""
    const reason = `${has}no admin address that the agent can connect to: ${expectedAdmin}`
    return new UserFileError({ variable, path, position, reason })
  }
  const factsOf = Effect.fnUntraced(function* (value: unknown, position: string | undefined) {
    return { admin: findAdminAddress(value) ?? (yield* missing(position)), usesAds: usesAds(value) }
  })
  const json = parseJson(text)
  if (Option.isSome(json)) return yield* factsOf(json.value, undefined)

  const isSmall = text.length <= maximumFileBytes
  const whole = isSmall ? yield* Effect.result(parseUserYaml(variable, path, text)) : undefined
  if (whole !== undefined && Result.isSuccess(whole)) {
    return yield* factsOf(whole.success.value, whole.success.positionOf("admin"))
  }
  const lines = yield* Effect.result(parseUserYaml(variable, path, adminLines(text)))
  const admin = Result.isSuccess(lines) ? findAdminAddress(lines.success.value) : undefined
  if (admin === undefined) {
    return yield* whole === undefined
      ? new UserFileError({
          variable,
          path,
          position: undefined,
          reason: `is larger than ${maximumFileBytes} bytes, so only JSON or the lines that begin with \`admin:\` are read: they have no admin address that the agent can connect to: ${expectedAdmin}`
        })
      : whole.failure
  }
  if (whole !== undefined) {
    yield* Effect.logDebug(`of ${path}, only the admin address is read: ${whole.failure.message}`)
  }
  return { admin, usesAds: mayUseAds(text) }
})

/**
 * The user's own bootstrap. Envoy is started with the file itself; the agent reads only the address of Envoy's admin
 * from it, and whether it has ADS. None if `ENVOY_CONFIG_FILE` is not set or names an empty file.
 */
export const readCustomBootstrap = Effect.fn("Bootstrap.readCustom")(function* (settings: Settings) {
  const path = settings.ENVOY_CONFIG_FILE
  if (path === undefined) return Option.none()
  const text = yield* readUserFile(variable, path, maximumCustomBootstrapBytes)
  if (text.trim() === "") {
    yield* Effect.logDebug(`${variable}=${path} is empty: the bootstrap is generated`)
    return Option.none()
  }
  const facts = yield* readFacts(path, text)
  return Option.some(
    Bootstrap.of({
      document: { _tag: "Custom", path, text },
      ...facts,
      localRelay: undefined,
      managementServer: undefined,
      warnings: []
    })
  )
})

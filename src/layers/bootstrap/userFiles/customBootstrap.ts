import { Effect, Option } from "effect"
import { Bootstrap } from "../../../services/Bootstrap.ts"
import { UserFileError } from "../../../services/BootstrapProblem.ts"
import type { Settings } from "../../../services/Settings.ts"
import { expectedAdmin, findAdminAddress } from "../adminAddress.ts"
import { maximumCustomBootstrapBytes, maximumFileBytes } from "./limits.ts"
import { parseUserYaml, readUserFile } from "./readUserFile.ts"

const variable = "ENVOY_CONFIG_FILE"

/** The lines of the top-level field `admin`, for a file in block style that is too large to be parsed as a whole. */
const adminLines = (source: string): string => /^admin:.*(?:\n(?:[ \t#].*)?)*/m.exec(source)?.[0] ?? ""

/**
 * The user's own bootstrap. Envoy is started with the file itself; the agent reads only the address of Envoy's admin
 * from it. None if `ENVOY_CONFIG_FILE` is not set or names an empty file.
 */
export const readCustomBootstrap = Effect.fn("Bootstrap.readCustom")(function* (settings: Settings) {
  const path = settings.ENVOY_CONFIG_FILE
  if (path === undefined) return Option.none()
  const text = yield* readUserFile(variable, path, maximumCustomBootstrapBytes)
  if (text.trim() === "") {
    yield* Effect.logDebug(`${variable}=${path} is empty: the bootstrap is generated`)
    return Option.none()
  }
  const parsedText = text.length > maximumFileBytes ? adminLines(text) : text
  const { positionOf, value } = yield* parseUserYaml(variable, path, parsedText)
  const admin = findAdminAddress(value)
  if (admin === undefined) {
    const reason = `no admin address that the agent can connect to: ${expectedAdmin}`
    return yield* new UserFileError({ variable, path, position: positionOf("admin"), reason })
  }
  return Option.some(
    Bootstrap.of({
      document: { _tag: "Custom", path, text },
      admin,
      localRelay: undefined,
      managementServer: undefined,
      warnings: []
    })
  )
})

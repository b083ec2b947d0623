// Debug lines that explain how a bootstrap came about.
import { Effect } from "effect"
import type { ManagementServerAddress, PartSource } from "../../services/Bootstrap.ts"
import { formatHostPort } from "../../services/hostPort.ts"
import type { SettingName } from "../../services/Settings.ts"
import { usesVariable } from "./provenance.ts"

const format = (server: ManagementServerAddress): string => {
  const address = server._tag === "Unix" ? `unix://${server.path}` : formatHostPort(server)
  const variables = server.namedBy.join(", ")
  const behind = server.relaysTo === undefined ? "" : `, a relay to ${format(server.relaysTo)}`
  return `${address} (${variables})${behind}`
}

export interface Decisions {
  readonly sources: ReadonlyArray<PartSource>
  readonly managementServer: ManagementServerAddress
  readonly accessLog: string
  readonly caBundle: string
  readonly leftOutFlags: ReadonlyArray<string>
}

/** Logs the choices of a generated bootstrap. A file that the bootstrap does not use is not logged. */
export const logDecisions = Effect.fnUntraced(function* (
  { accessLog, caBundle, leftOutFlags, managementServer, sources }: Decisions,
  isSet: (name: SettingName) => boolean
) {
  const origin = (name: SettingName) => `${name} is ${isSet(name) ? "set" : "not set"}`
  yield* Effect.logDebug(`management server: ${format(managementServer)}`)
  if (usesVariable(sources, "APPNET_CA_BUNDLE")) {
    yield* Effect.logDebug(`trusted roots: ${caBundle} (${origin("APPNET_CA_BUNDLE")})`)
  }
  if (usesVariable(sources, "ENVOY_ADMIN_ACCESS_LOG_FILE")) {
    yield* Effect.logDebug(`access log of Envoy's admin: ${accessLog} (${origin("ENVOY_ADMIN_ACCESS_LOG_FILE")})`)
  }
  for (const flag of leftOutFlags) {
    yield* Effect.logDebug(`runtime flag ${flag} is left out: this Envoy has removed it (APPNET_RUNTIME_GUARDS)`)
  }
})

import type { Effect } from "effect"
import { Context, Runtime, Schema } from "effect"
import type { SettingName } from "./Settings.ts"

/** Where Envoy's admin interface listens. */
export type AdminAddress =
  | { readonly _tag: "Tcp"; readonly host: string; readonly port: number }
  | { readonly _tag: "Unix"; readonly path: string }

/** Where Envoy gets its configuration from, as far as the agent can ask there by itself. */
export type ManagementServerAddress = (
  | { readonly _tag: "Unix"; readonly path: string }
  | {
      readonly _tag: "Tcp"
      readonly host: string
      readonly port: number
      readonly tls: TlsFiles | undefined
    }
) & {
  /** Whether a stream may be opened with no other credentials than these. */
  readonly streams: boolean
  /** The variables to check where it cannot be reached. */
  readonly namedBy: ReadonlyArray<SettingName>
  /** It is a relay, which signs, and passes streams on to this one. */
  readonly relaysTo: ManagementServerAddress | undefined
}

/** Files and names by which a TLS connection is made. */
export interface TlsFiles {
  readonly caBundle: string
  readonly certificate: string | undefined
  readonly key: string | undefined
  readonly token: string | undefined
  readonly serverName: string
}

/** A value of proto3 JSON. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** A part of the bootstrap that variables decided, by the names and list indices that lead to it. */
export interface Decision {
  readonly path: ReadonlyArray<string | number>
  readonly by: ReadonlyArray<SettingName>
}

/** A file that the bootstrap refers to, and that the agent makes. */
export interface SideFile {
  readonly path: string
  readonly content: string
}

/** The bootstrap that was made of the settings, or the file of the user's own that is used as it is. */
export type BootstrapDocument =
  | {
      readonly _tag: "Generated"
      readonly value: JsonObject
      readonly decisions: ReadonlyArray<Decision>
      readonly sideFiles: ReadonlyArray<SideFile>
    }
  | { readonly _tag: "Custom"; readonly path: string; readonly text: string }

/** The settings or files do not make a bootstrap. `problems` holds every reason found, one sentence each. */
export class BootstrapError extends Schema.TaggedError<BootstrapError>()("BootstrapError", {
  problems: Schema.Array(Schema.String)
}) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    return this.problems.join("\n")
  }
}

/** What the second Envoy of local relay mode is started with. */
export interface LocalRelayBootstrap {
  readonly document: BootstrapDocument
  readonly admin: AdminAddress
}

/** What Envoy is started with. */
export class Bootstrap extends Context.Service<
  Bootstrap,
  {
    readonly document: BootstrapDocument
    /** Where the agent reaches Envoy's admin: a wildcard address is loopback here. */
    readonly admin: AdminAddress
    /** Undefined where Envoy asks its management server by itself. */
    readonly localRelay: LocalRelayBootstrap | undefined
    /** Undefined where the bootstrap is the user's own. */
    readonly managementServer: ManagementServerAddress | undefined
    /** What was left out or changed on the way, one sentence each. */
    readonly warnings: ReadonlyArray<string>
  }
>()("agent/Bootstrap") {}

/** The files that a generated bootstrap refers to. */
export class SideFiles extends Context.Service<
  SideFiles,
  {
    /** Private files (0600), put in the place of whatever has their names, never through a link. */
    readonly write: Effect.Effect<void, BootstrapError>
    readonly remove: Effect.Effect<void>
  }
>()("agent/SideFiles") {}

/** The file that Envoy's `-c` names; a generated one is private (0600) and removed when the layer closes. */
export class BootstrapFile extends Context.Service<BootstrapFile, { readonly path: string }>()("agent/BootstrapFile") {}

import type { Effect } from "effect"
import { Context, Runtime, Schema } from "effect"
import { BootstrapProblem } from "./BootstrapProblem.ts"
import { printableLine } from "./foreignText.ts"
import type { SettingName } from "./Settings.ts"

/** Where Envoy's admin interface listens. */
export type AdminAddress =
  | { readonly _tag: "Tcp"; readonly host: string; readonly port: number }
  | { readonly _tag: "Unix"; readonly path: string }

/** The management server that sends Envoy its configuration, with what the agent needs to connect to it by itself. */
export type ManagementServerAddress = (
  | { readonly _tag: "Unix"; readonly path: string }
  | {
      readonly _tag: "Tcp"
      readonly host: string
      readonly port: number
      /** Undefined for plain TCP. */
      readonly tls: TlsFiles | undefined
    }
) & {
  /** Whether the agent can open a stream. False if each request must be signed for AWS. */
  readonly streams: boolean
  /** The variables that determine the address; the user should check them if the connection fails. */
  readonly namedBy: ReadonlyArray<SettingName>
  /** If this server is a relay: the server to which it forwards the streams. */
  readonly relaysTo: ManagementServerAddress | undefined
}

/** What a TLS connection to the management server needs. The certificates and the key are PEM files. */
export interface TlsFiles {
  readonly caBundle: string
  readonly certificate: string | undefined
  readonly key: string | undefined
  /** File with a bearer token, sent as `authorization: Bearer TOKEN`. */
  readonly token: string | undefined
  /** The name that the server's certificate must have. */
  readonly serverName: string
}

/** A value of proto3 JSON. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** The variables that determine a part of the bootstrap. The path holds field names (camelCase) and list indices. */
export interface PartSource {
  readonly path: ReadonlyArray<string | number>
  readonly variables: ReadonlyArray<SettingName>
}

/** A file that the bootstrap refers to and that the agent writes. */
export interface SideFile {
  readonly path: string
  readonly content: string
}

/** The bootstrap that the agent generated from the settings, or the user's own file (`ENVOY_CONFIG_FILE`). */
export type BootstrapDocument =
  | {
      readonly _tag: "Generated"
      readonly value: JsonObject
      /** A part comes before the parts inside it. */
      readonly sources: ReadonlyArray<PartSource>
      readonly sideFiles: ReadonlyArray<SideFile>
    }
  | { readonly _tag: "Custom"; readonly path: string; readonly text: string }

/** The settings or the user's files make no usable bootstrap. Holds every problem found. Ends with exit code 1. */
export class BootstrapError extends Schema.TaggedError<BootstrapError>()("BootstrapError", {
  problems: Schema.Array(BootstrapProblem)
}) {
  override readonly [Runtime.errorExitCode] = 1
  /** One line for each problem. */
  override get message() {
    return this.problems.map(({ message }) => printableLine(message)).join("\n")
  }
}

/** The local relay's bootstrap was requested, but there is no local relay. Ends with exit code 1. */
export class NoLocalRelay extends Schema.TaggedError<NoLocalRelay>()("NoLocalRelay", {}) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    return "there is no local relay: it runs in App Mesh mode only, for an Envoy that cannot sign AWS requests (APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS)"
  }
}

/** The bootstrap of the second Envoy, which runs in local relay mode. */
export interface LocalRelayBootstrap {
  readonly document: BootstrapDocument
  readonly admin: AdminAddress
}

/** The bootstrap that Envoy is started with. */
export class Bootstrap extends Context.Service<
  Bootstrap,
  {
    readonly document: BootstrapDocument
    /** Where the agent connects to Envoy's admin. Loopback if Envoy listens on a wildcard address. */
    readonly admin: AdminAddress
    /** False where the document certainly has no ADS, so that Envoy has no connection to a management server. */
    readonly usesAds: boolean
    /** Undefined if Envoy connects to its management server directly. */
    readonly localRelay: LocalRelayBootstrap | undefined
    /** Undefined for a custom bootstrap. */
    readonly managementServer: ManagementServerAddress | undefined
    /** What was ignored, left out or replaced; one sentence each. */
    readonly warnings: ReadonlyArray<string>
  }
>()("agent/Bootstrap") {}

/** The files that a generated bootstrap refers to. */
export class SideFiles extends Context.Service<
  SideFiles,
  {
    /**
     * Writes those that are not there (any more): private files (mode 0600). A file or link of somebody else at the path is
     * replaced, never followed.
     */
    readonly write: Effect.Effect<void, BootstrapError>
    /** Removes those that this agent has written. */
    readonly remove: Effect.Effect<void>
  }
>()("agent/SideFiles") {}

/** The file for Envoy's `-c`. A generated one is private (mode 0600) and removed at the end. */
export class BootstrapFile extends Context.Service<
  BootstrapFile,
  {
    /** Its path. A generated file that is gone, or one that it refers to, is written again: each start of Envoy runs this. */
    readonly prepare: Effect.Effect<string, BootstrapError>
    /** The path that the last `prepare` succeeded with: that of the Envoy which runs. */
    readonly path: Effect.Effect<string>
  }
>()("agent/BootstrapFile") {}

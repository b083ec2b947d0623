import type { ManagementServerAddress } from "../../../src/services/Bootstrap.ts"

export const tls = {
  caBundle: "/ca.pem",
  certificate: undefined,
  key: undefined,
  token: undefined,
  serverName: "xds"
}

/** A server that the agent may open streams at, over TLS. */
export const server = {
  _tag: "Tcp",
  host: "::1",
  port: 443,
  tls,
  streams: true,
  namedBy: ["APPMESH_XDS_ENDPOINT"],
  relaysTo: undefined
} as const satisfies ManagementServerAddress

/** A server that takes signed requests only. */
export const signedServer: ManagementServerAddress = { ...server, streams: false, namedBy: ["AWS_REGION"] }

/** A local relay in front of it. */
export const localRelay: ManagementServerAddress = {
  ...server,
  tls: undefined,
  host: "127.0.0.1",
  port: 15003,
  relaysTo: signedServer
}

/** A relay of the host, whose own server the agent does not know. */
export const relaySocket: ManagementServerAddress = { ...server, _tag: "Unix", path: "/tmp/xds.sock" }

import { assert, describe, it } from "@effect/vitest"
import { describeConnectError } from "../../../src/layers/diagnosis/connectionCause.ts"
import type { ManagementServerAddress } from "../../../src/services/Bootstrap.ts"
import { relaySocket, server, signedServer, tls } from "./servers.ts"

const causeOf = (code: string, at: ManagementServerAddress = server) =>
  describeConnectError(at, { code, message: "as Node says" })

describe("the cause of a connection that fails", () => {
  it("names the server, what is wrong and what to check", () => {
    assert.strictEqual(
      causeOf("ENOENT", relaySocket),
      "management server unix:///tmp/xds.sock: the socket does not exist: check that the relay runs, and APPMESH_XDS_ENDPOINT"
    )
    assert.match(causeOf("TIMEOUT"), /^management server \[::1\]:443: the connection timed out: check routes/)
    assert.match(causeOf("ENOTFOUND"), /DNS does not know the name/)
    assert.match(causeOf("ECONNREFUSED", signedServer), /check the port in AWS_REGION/)
  })

  it("is Node's own text where the code is unknown", () => {
    assert.strictEqual(causeOf("EWHATEVER"), "management server [::1]:443: as Node says (EWHATEVER)")
  })

  it("distinguishes a missing client certificate from a rejected one", () => {
    assert.match(causeOf("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"), /asks for a client certificate/)
    const mutual = { ...server, tls: { ...tls, certificate: "/cert.pem" } }
    assert.match(causeOf("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", mutual), /rejects the client certificate \/cert\.pem/)
  })

  it("leads to the client certificate where a server that got one closes the connection", () => {
    const mutual = { ...server, tls: { ...tls, certificate: "/cert.pem" } }
    assert.match(causeOf("CLOSED", mutual), /as where it rejects the client certificate \/cert\.pem: check APPNET_XDS_/)
    assert.match(causeOf("CLOSED"), /closes the connection without an answer: check the port in APPMESH_XDS_ENDPOINT/)
    assert.match(causeOf("CLOSED", relaySocket), /without an answer: check that it is the relay's socket/)
  })

  it("names variables of standalone mode only there", () => {
    assert.match(causeOf("ERR_SSL_WRONG_VERSION_NUMBER"), /APPNET_XDS_MODE/)
    assert.notMatch(causeOf("ERR_SSL_WRONG_VERSION_NUMBER", signedServer), /APPNET_XDS_MODE/)
  })
})

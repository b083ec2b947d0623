import { assert, describe, it } from "@effect/vitest"
import type { StreamEnd } from "../../../src/layers/diagnosis/adsStream.ts"
import { describeRefusal } from "../../../src/layers/diagnosis/streamRefusal.ts"
import type { ManagementServerAddress } from "../../../src/services/Bootstrap.ts"
import { longestForeignText } from "../../../src/services/foreignText.ts"
import { shows } from "../../shows.ts"
import { localRelay, relaySocket, server } from "./servers.ts"

const refusal = (end: Partial<StreamEnd>, at: ManagementServerAddress = server) =>
  `${describeRefusal(at, { httpStatus: 200, grpcStatus: undefined, message: "", ...end })}`

describe("a stream's end", () => {
  it("is no refusal with HTTP status 200 and no gRPC error", () => {
    assert.strictEqual(refusal({}), "undefined")
    assert.strictEqual(refusal({ grpcStatus: "0" }), "undefined")
  })

  it("is a refusal in the server's words, with what to check", () => {
    assert.match(refusal({ httpStatus: 404 }), /HTTP status 404: is it a gRPC server\?/)
    assert.match(refusal({ grpcStatus: "12" }), /UNIMPLEMENTED: it serves no aggregated discovery/)
    assert.match(refusal({ grpcStatus: "7", message: "no" }), /PERMISSION_DENIED: no: check whether it needs a token/)
    assert.match(refusal({ grpcStatus: "99", message: "odd" }), /gRPC status 99: odd$/)
  })

  it("quotes a server of many words so that what to check is still there", () => {
    shows("foreign-text")
    const text = refusal({ grpcStatus: "16", message: "no ".repeat(160) }, relaySocket)
    assert.isAtMost(text.length, longestForeignText)
    assert.match(text, /no no no.*…: check the AWS credentials .*and this host's clock$/)
  })

  it("at a relay leads to the relay's credentials", () => {
    assert.match(
      refusal({ httpStatus: 403, message: "expired" }, localRelay),
      /^management server \[::1\]:443, through the relay at 127.0.0.1:15003: it refuses the stream with HTTP status 403: expired: check the AWS credentials/
    )
    assert.match(
      refusal({ grpcStatus: "16", message: "no" }, relaySocket),
      /UNAUTHENTICATED: no: check the AWS credentials/
    )
  })

  it("at a relay leads to the relay's settings where it cannot reach its server", () => {
    const unavailable = (message: string) => refusal({ grpcStatus: "14", message }, relaySocket)
    assert.match(
      unavailable("TLS_error: CERTIFICATE_VERIFY_FAILED"),
      /does not trust the certificate: check the relay's/
    )
    assert.match(
      unavailable("no healthy upstream"),
      /finds no address: check the relay's APPNET_MANAGEMENT_DOMAIN_NAME/
    )
    assert.match(unavailable("reset reason: remote connection failure"), /cannot reach the management server: check/)
  })
})

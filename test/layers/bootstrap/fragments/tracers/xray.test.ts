import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { shows } from "../../../../shows.ts"
import { generatedOf, serviceConnect } from "../../harness.ts"

describe("X-Ray tracing", () => {
  it.effect("reads the UDP address of the X-Ray daemon from every form", () =>
    Effect.gen(function* () {
      shows("AWS_XRAY_DAEMON_ADDRESS", "XRAY_DAEMON_PORT")
      const forms: ReadonlyArray<readonly [text: string, address: string, port: number]> = [
        ["", "127.0.0.1", 3000],
        ["10.0.0.1", "10.0.0.1", 3000],
        ["10.0.0.1:2001", "10.0.0.1", 2001],
        ["[fd00::1]:2001", "fd00::1", 2001],
        ["tcp:10.0.0.1:2001 udp:10.0.0.2:2002", "10.0.0.2", 2002],
        ["udp:[::1]:2002 tcp:10.0.0.1:2001", "::1", 2002]
      ]
      for (const [text, address, portValue] of forms) {
        const environment = { ...serviceConnect, ENABLE_ENVOY_XRAY_TRACING: "1", XRAY_DAEMON_PORT: "3000" }
        const { value } = yield* generatedOf({ ...environment, AWS_XRAY_DAEMON_ADDRESS: text })
        const expected = JSON.stringify({ address, portValue, protocol: "UDP" })
        assert.include(JSON.stringify(value.tracing), `"daemonEndpoint":${expected}`, text)
      }
    })
  )
})

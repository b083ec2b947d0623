import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ListenersDump, toListenerErrors } from "../../../src/layers/admin/listenerErrors.ts"

const errorsIn = (dump: unknown) => toListenerErrors(Schema.decodeUnknownSync(ListenersDump)(dump))

describe("listener errors", () => {
  it("are read from what Envoy prints, each once", () => {
    const dump = {
      configs: [
        { "@type": "x", name: "good" },
        {
          "@type": "x",
          name: "odd",
          error_state: { last_update_attempt: "2026-11-25T02:30:31.002Z", details: "no filter chains specified" }
        },
        { "@type": "x", error_state: { details: "no filter chains specified" } },
        { "@type": "x", error_state: { details: "duplicate listener good found" } }
      ]
    }
    assert.deepStrictEqual(errorsIn(dump), [
      { listener: "odd", reason: "no filter chains specified", at: Date.UTC(2026, 10, 25, 2, 30, 31, 2) },
      { listener: undefined, reason: "duplicate listener good found", at: undefined }
    ])
    assert.deepStrictEqual(errorsIn({}), [])
  })

  it("are one short line each, and begin with what is wrong instead of the whole configuration", () => {
    const details = `goo.gle/debugproto   \nname: "x"\n${"filters { }\n".repeat(1000)}: Proto constraint validation failed (A: b\u001b)`
    assert.deepStrictEqual(errorsIn({ configs: [{ name: "a\nb", error_state: { details } }] }), [
      { listener: "a\\nb", reason: "Proto constraint validation failed (A: b\\u001b)", at: undefined }
    ])
  })
})

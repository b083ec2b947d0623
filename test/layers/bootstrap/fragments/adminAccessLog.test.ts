import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { shows } from "../../../shows.ts"
import { generatedOf, readOnlyFiles, serviceConnect } from "../harness.ts"

describe("the access log of Envoy's admin", () => {
  it.effect("is /dev/null if the default folder is read-only, with a warning", () =>
    Effect.gen(function* () {
      shows("ENVOY_ADMIN_ACCESS_LOG_FILE", "admin-log-fallback")
      const logOf = (path: string) =>
        Effect.map(
          generatedOf({ ...serviceConnect, ENVOY_ADMIN_ACCESS_LOG_FILE: path }, { files: readOnlyFiles() }),
          ({ value, warnings }) => [/"path":"([^"]+)"/.exec(JSON.stringify(value.admin))?.[1], warnings]
        )
      assert.deepStrictEqual(yield* logOf(""), [
        "/dev/null",
        ["/var/log cannot be written: Envoy's admin has no access log (ENVOY_ADMIN_ACCESS_LOG_FILE=/dev/null)"]
      ])
      assert.deepStrictEqual(yield* logOf("/logs/admin.log"), ["/logs/admin.log", []])
    })
  )
})

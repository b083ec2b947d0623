import { execFileSync } from "node:child_process"
import { closeSync, constants, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { maximumCredentialBytes } from "../../../src/layers/bootstrap/userFiles/limits.ts"
import { readFile } from "../../../src/layers/diagnosis/readFile.ts"
import { shows } from "../../shows.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-read-`)),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** A FIFO to which nobody writes. At the end, whoever waits for a writer is released. */
const fifo = Effect.fnUntraced(function* (path: string) {
  yield* Effect.acquireRelease(
    Effect.sync(() => execFileSync("mkfifo", [path])),
    () => Effect.sync(() => closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK)))
  )
  return path
})

describe("a file that Envoy's connection needs", () => {
  it.live("is not waited for where it is a FIFO, a folder or a device without an end", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      for (const path of [yield* fifo(`${dir}/fifo`), dir, "/dev/zero"]) {
        const { code, message } = yield* Effect.flip(readFile(path).pipe(Effect.timeout("1 second"))).pipe(
          Effect.flatMap((error) => (error._tag === "ProbeError" ? Effect.succeed(error) : Effect.die(error)))
        )
        assert.deepStrictEqual({ code, message }, { code: "not a regular file", message: `${path} cannot be read` })
      }
    })
  )

  it.live("is refused past a limit, and read up to it", () =>
    Effect.gen(function* () {
      shows("credential-files")
      const path = `${yield* folder}/ca.pem`
      writeFileSync(path, "")
      // Without blocks on the disk.
      for (const size of [1024 ** 4, maximumCredentialBytes + 1]) {
        truncateSync(path, size)
        const { code, message } = yield* Effect.flip(readFile(path))
        assert.deepStrictEqual(
          { code, message },
          { code: "larger than 8388608 bytes, which is the limit", message: `${path} cannot be read` }
        )
      }
      truncateSync(path, maximumCredentialBytes)
      assert.lengthOf(yield* readFile(path), maximumCredentialBytes)
    })
  )

  it.live("is read where it is a file, and named where it is missing", () =>
    Effect.gen(function* () {
      const dir = yield* folder
      writeFileSync(`${dir}/token`, "secret")
      assert.strictEqual(`${yield* readFile(`${dir}/token`)}`, "secret")
      const { code, message } = yield* Effect.flip(readFile(`${dir}/none`))
      assert.deepStrictEqual({ code, message }, { code: "ENOENT", message: `${dir}/none cannot be read` })
    })
  )
})

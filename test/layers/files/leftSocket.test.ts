import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { removeSocketAtEnd } from "../../../src/layers/files/leftSocket.ts"
import { shows } from "../../shows.ts"
import { leaveSocket } from "./leaveSocket.ts"

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-left-`)),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** Envoy replaces the socket that is there, and ends without removing its own. */
const envoy = (path: string) =>
  Effect.sync(() => {
    rmSync(path, { force: true })
    leaveSocket(path)
  })

/** Whether the file at a path is there after the end of an agent that lives while `life` runs. */
const staysAfter = (path: string, life: Effect.Effect<void>) =>
  Effect.map(Effect.scoped(Effect.andThen(removeSocketAtEnd(path), life)), () => existsSync(path))

describe("a socket of Envoy's", () => {
  it.effect("is removed at the end", () =>
    Effect.gen(function* () {
      shows("own-files-removed")
      const path = `${yield* temporary}/admin.sock`
      assert.isFalse(yield* staysAfter(path, envoy(path)))
      leaveSocket(path)
      assert.isFalse(yield* staysAfter(path, envoy(path)))
    })
  )

  it.effect("stays where this agent's Envoy did not make it, somebody listens on it, or it is no socket", () =>
    Effect.gen(function* () {
      shows("own-files-removed")
      const parent = yield* temporary
      leaveSocket(`${parent}/before.sock`)
      assert.isTrue(yield* staysAfter(`${parent}/before.sock`, Effect.void))
      const listen = Effect.callback<void>((resume) => {
        const server = net.createServer().listen(`${parent}/live.sock`, () => resume(Effect.void))
        server.unref()
      })
      assert.isTrue(yield* staysAfter(`${parent}/live.sock`, listen))
      const write = Effect.sync(() => writeFileSync(`${parent}/file`, ""))
      assert.isTrue(yield* staysAfter(`${parent}/file`, write))
    })
  )
})

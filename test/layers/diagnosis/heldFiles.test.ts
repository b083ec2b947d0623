import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { followHeldFiles } from "../../../src/layers/diagnosis/heldFiles.ts"
import type { EnvoyState } from "../../../src/services/EnvoyProcess.ts"
import { authorityIn } from "../../e2e/pki.ts"
import { envoyIn } from "../../fakes.ts"
import { shows } from "../../shows.ts"
import { server } from "./servers.ts"

const running = (epoch: number): EnvoyState => ({ _tag: "Running", epoch, pid: 7, since: 0 })

/** An Envoy that has just read a client certificate that is valid for so many seconds. */
const holding = Effect.fnUntraced(function* (lasts: number) {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(`${tmpdir()}/appnet-held-`)),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  yield* TestClock.setTime(Date.now())
  const authority = authorityIn(folder)
  const issue = (seconds: number) => authority.issue({ names: ["client"], as: "client", lasts: seconds })
  const files: { certificate: string } = { certificate: issue(lasts).certificate }
  const tls = { ...server.tls, certificate: "/client.crt", key: "/client.key" }
  const state = yield* SubscriptionRef.make<EnvoyState>(running(0))
  const read = Effect.sync(() => ({ ...files, caBundle: authority.certificate }))
  const problem = yield* followHeldFiles({ ...server, tls }, tls, read).pipe(Effect.provide(envoyIn(state)))
  yield* TestClock.adjust(0)
  return {
    renew: () => {
      files.certificate = issue(3600).certificate
    },
    restart: Effect.andThen(SubscriptionRef.set(state, running(1)), TestClock.adjust(0)),
    problem: Effect.map(problem, Option.getOrUndefined)
  }
})

describe("the client certificate that Envoy holds", () => {
  it.effect("is named once it has expired and its file was renewed, until Envoy's next start", () =>
    Effect.gen(function* () {
      shows("held-certificate")
      const { problem, renew, restart } = yield* holding(60)
      yield* TestClock.adjust("61 seconds")
      assert.isUndefined(yield* problem)
      renew()
      assert.match(
        `${yield* problem}`,
        /^management server \[::1\]:443: this agent can connect .*, but Envoy holds the client certificate that it read at its start, which expired at \d{4}-\S+Z, and \/client\.crt has changed since: restart Envoy$/
      )
      yield* restart
      assert.isUndefined(yield* problem)
    })
  )

  it.effect("is no reason while it is valid, though its file was renewed", () =>
    Effect.gen(function* () {
      const { problem, renew } = yield* holding(60)
      renew()
      assert.isUndefined(yield* problem)
    })
  )
})

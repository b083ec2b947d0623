import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { HealthMonitorLive } from "../../../src/layers/health/HealthMonitorLive.ts"
import { RejectedUpdatesLive } from "../../../src/layers/health/RejectedUpdatesLive.ts"
import type { EnvoyState } from "../../../src/services/EnvoyProcess.ts"
import { RejectedUpdates } from "../../../src/services/RejectedUpdates.ts"
import { type AdminScript, envoyIn, fixedBootstrap, settings, simulatedAdmin } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const counted = (rejected: number, accepted = 1) => [
  { subscription: "listener_manager.lds", accepted, rejected, acceptedAt: 0 }
]
const words = (at: number) => [{ listener: "ingress", reason: "no filter chains", at }]

const following = Effect.fnUntraced(function* (changes: Partial<AdminScript> = {}) {
  const admin = simulatedAdmin(changes)
  const state = yield* SubscriptionRef.make<EnvoyState>({ _tag: "Running", epoch: 0, pid: 7, since: 0 })
  const lines: Array<string> = []
  const context = yield* Layer.build(
    RejectedUpdatesLive.pipe(
      Layer.provide(HealthMonitorLive),
      Layer.provide(fixedBootstrap),
      Layer.provide(Layer.mergeAll(admin.layer, envoyIn(state), settings({ HC_POLL_INTERVAL_MS: "5000" }))),
      Layer.provideMerge(
        Logger.layer([
          Logger.make<unknown, void>(({ logLevel, message }) => {
            if (`${message}`.includes("an update of") || `${message}`.includes("Envoy accepted"))
              lines.push(`${logLevel} ${message}`)
          })
        ])
      )
    )
  )
  const latest = Effect.flatMap(RejectedUpdates, (updates) => updates.latest).pipe(Effect.provideContext(context))
  // The first look at the health, then the one that it causes.
  yield* TestClock.adjust(0)
  yield* TestClock.adjust(1)
  return { admin, state, lines, latest: Effect.map(latest, Option.getOrUndefined) }
})

describe("rejected updates", () => {
  it.effect("are found at the looks of the health, and logged when they begin and when they end", () =>
    Effect.gen(function* () {
      shows("rejected-update")
      const { admin, latest, lines } = yield* following()
      assert.isUndefined(yield* latest)
      assert.strictEqual(admin.dumps, 0)
      admin.script.rejecting = counted(1)
      admin.script.listenerErrors = words(3000)
      yield* TestClock.adjust("6 seconds")
      assert.deepInclude(yield* latest, { resource: "ingress", reason: "no filter chains", since: 3000, count: 1 })
      admin.script.rejecting = counted(5000)
      admin.script.listenerErrors = words(9000)
      yield* TestClock.adjust("6 seconds")
      assert.deepInclude(yield* latest, { since: 3000, count: 5000 })
      admin.script.rejecting = counted(5000, 2)
      admin.script.listenerErrors = []
      yield* TestClock.adjust("6 seconds")
      assert.isUndefined(yield* latest)
      assert.deepStrictEqual(lines, [
        "Warn Envoy rejected an update of listeners (ingress), and goes on with what it had: no filter chains",
        "Info Envoy accepted listeners (ingress): no rejected update of them is left"
      ])
    })
  )

  it.effect("cost a dump of Envoy's listeners only where a counter has grown, once more where it did not come", () =>
    Effect.gen(function* () {
      const { admin, latest } = yield* following()
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(admin.dumps, 0)
      admin.script.rejecting = counted(1)
      admin.script.listenerErrors = undefined
      yield* TestClock.adjust("6 seconds")
      assert.deepInclude(yield* latest, { reason: undefined, count: 1 })
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(admin.dumps, 2)
    })
  )

  it.effect("are looked for before Envoy is LIVE too, once a second, and at the moment when it is", () =>
    Effect.gen(function* () {
      const { admin, latest } = yield* following({ state: "INITIALIZING", rejecting: counted(1, 0) })
      assert.isDefined(yield* latest)
      admin.script.rejecting = counted(2, 0)
      yield* TestClock.adjust(500)
      assert.deepInclude(yield* latest, { count: 1 })
      admin.script.state = "LIVE"
      yield* TestClock.adjust(50)
      assert.deepInclude(yield* latest, { count: 2 })
    })
  )

  it.effect("are those of the Envoy that runs now", () =>
    Effect.gen(function* () {
      const { admin, latest, state } = yield* following({ rejecting: counted(1), listenerErrors: words(1) })
      assert.isDefined(yield* latest)
      admin.script.rejecting = []
      yield* SubscriptionRef.set(state, { _tag: "Running", epoch: 1, pid: 8, since: 0 })
      assert.isUndefined(yield* latest)
    })
  )

  it.effect("are what they were where Envoy does not answer", () =>
    Effect.gen(function* () {
      const { admin, latest, lines } = yield* following({ rejecting: counted(1), listenerErrors: words(1) })
      admin.script.rejecting = undefined
      yield* TestClock.adjust("6 seconds")
      assert.deepInclude(yield* latest, { count: 1 })
      assert.lengthOf(lines, 1)
    })
  )
})

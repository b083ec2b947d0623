import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Logger, Option, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { ListenerDrainLive } from "../../../src/layers/management/ListenerDrainLive.ts"
import { AdminClient } from "../../../src/services/AdminClient.ts"
import type { EnvoyState } from "../../../src/services/EnvoyProcess.ts"
import { ListenerDrain } from "../../../src/services/ListenerDrain.ts"
import { code, envoyIn, simulatedAdmin } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const running = (epoch: number): EnvoyState => ({ _tag: "Running", epoch, pid: 7, since: 0 })

const drainsOn = Effect.fnUntraced(function* (admin: Layer.Layer<AdminClient>) {
  const lines: Array<string> = []
  const log = Logger.layer([Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${message}`))])
  const state = yield* SubscriptionRef.make<EnvoyState>(running(0))
  const context = yield* Layer.build(
    ListenerDrainLive.pipe(Layer.provide(Layer.merge(admin, envoyIn(state))), Layer.provideMerge(log))
  )
  const drains = Context.get(context, ListenerDrain)
  return {
    lines,
    envoy: state,
    state: drains.state,
    drain: (graceful = false) => Effect.provideContext(drains.drain(graceful, "10.0.0.9"), context),
    restart: SubscriptionRef.set(state, { _tag: "Exited", epoch: 0, exit: code(1) }).pipe(
      Effect.andThen(TestClock.adjust(0)),
      Effect.andThen(SubscriptionRef.set(state, { _tag: "Starting", epoch: 1 })),
      Effect.andThen(SubscriptionRef.set(state, running(1))),
      Effect.andThen(TestClock.adjust(0))
    )
  }
})

describe("ListenerDrain", () => {
  it.effect("remembers the first drain until Envoy's next start, and logs who asked for how much", () =>
    Effect.gen(function* () {
      shows("drained-state", "drain-logged", "drain-restart")
      const admin = simulatedAdmin({ inboundListeners: 3 })
      const { drain, lines, restart, state } = yield* drainsOn(admin.layer)
      assert.deepStrictEqual(yield* state, { _tag: "NotRequested" })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* drain(), { answer: "OK\n", listeners: Option.some(3), isStopping: false })
      yield* TestClock.adjust("5 seconds")
      admin.script.inboundListeners = 1
      yield* drain(true)
      assert.deepStrictEqual(yield* state, { _tag: "Drained", drainedAt: 5000 })
      const ending = "requested by 10.0.0.9: /ready is 503 until Envoy's next start"
      assert.deepStrictEqual(lines, [
        `Info 3 inbound listeners drained, ${ending}`,
        `Info graceful drain of 1 inbound listener begun, ${ending}`
      ])
      yield* restart
      assert.deepStrictEqual(yield* state, { _tag: "NotRequested" })
      assert.lengthOf(admin.drains, 2)
    })
  )

  it.effect("drains as well where the listeners cannot be counted", () =>
    Effect.gen(function* () {
      shows("drain-logged")
      const { drain, lines, state } = yield* drainsOn(simulatedAdmin({ inboundListeners: undefined }).layer)
      assert.deepStrictEqual((yield* drain()).listeners, Option.none())
      assert.strictEqual((yield* state)._tag, "Drained")
      assert.match(String(lines.at(-1)), /^Info all inbound listeners drained, /)
    })
  )

  it.effect("waits for the count for a second at most", () =>
    Effect.gen(function* () {
      const slow = Layer.mock(AdminClient, {
        drainListeners: () => Effect.succeed("OK\n"),
        inboundListeners: Effect.never
      })
      const { drain, state } = yield* drainsOn(slow)
      const asked = yield* Effect.forkChild(drain())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* Fiber.join(asked)).listeners, Option.none())
      assert.strictEqual((yield* state)._tag, "Drained")
    })
  )

  it.effect("says so where no listener is an inbound one", () =>
    Effect.gen(function* () {
      const { drain, lines } = yield* drainsOn(simulatedAdmin({ inboundListeners: 0 }).layer)
      yield* drain()
      assert.match(
        String(lines.at(-1)),
        /^Info no inbound listener \(none has the traffic direction INBOUND\) drained, /
      )
    })
  )

  it.effect("is not drained by a request that Envoy did not get, or refused", () =>
    Effect.gen(function* () {
      shows("drain-unanswered")
      for (const drainFails of ["unreachable", "status"] as const) {
        const admin = simulatedAdmin({ drainFails: drainFails === "unreachable" ? true : drainFails })
        const { drain, state } = yield* drainsOn(admin.layer)
        assert.strictEqual((yield* Effect.flip(drain())).reason, drainFails)
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(yield* state, { _tag: "NotRequested" })
        assert.lengthOf(admin.drains, 1)
      }
    })
  )

  it.effect("repeats a drain without an answer until there is one, and counts from then on", () =>
    Effect.gen(function* () {
      shows("drain-unanswered")
      const admin = simulatedAdmin({ drainFails: "timeout" })
      const { drain, lines, state } = yield* drainsOn(admin.layer)
      yield* TestClock.adjust("2 seconds")
      const error = yield* Effect.flip(drain(true))
      assert.strictEqual(error.reason, "timeout")
      assert.include(error.message, "the drain may happen at any time, and is repeated until Envoy answers")
      assert.deepStrictEqual(yield* state, { _tag: "Unconfirmed", requestedAt: 2000 })
      assert.match(String(lines.at(-1)), /^Warn Envoy has not answered a drain that 10\.0\.0\.9 requested/)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* state)._tag, "Unconfirmed")
      admin.script.drainFails = false
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* state, { _tag: "Drained", drainedAt: 6000 })
      assert.isTrue(admin.drains.every(({ graceful, inboundOnly }) => graceful && inboundOnly))
      const { length } = admin.drains
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(admin.drains, length)
    })
  )

  it.effect("promises neither a repetition nor a next start while the agent stops Envoy", () =>
    Effect.gen(function* () {
      shows("promises-while-stopping")
      const admin = simulatedAdmin({ drainFails: "timeout" })
      const { drain, envoy, lines } = yield* drainsOn(admin.layer)
      yield* SubscriptionRef.set(envoy, { _tag: "Draining", epoch: 0, pid: 7 })
      const { message } = yield* Effect.flip(drain())
      const until = "is repeated for as long as Envoy runs, which the agent is stopping"
      assert.include(message, until)
      assert.include(String(lines.at(-1)), until)
      admin.script.drainFails = false
      assert.isTrue((yield* drain()).isStopping)
      assert.match(String(lines.at(-1)), /: \/ready is 503, and the agent is stopping Envoy$/)
    })
  )

  it.effect("repeats no drain to the next Envoy", () =>
    Effect.gen(function* () {
      shows("drain-unanswered", "drain-restart")
      const admin = simulatedAdmin({ drainFails: "timeout" })
      const { drain, restart, state } = yield* drainsOn(admin.layer)
      yield* Effect.flip(drain())
      yield* restart
      const { length } = admin.drains
      admin.script.drainFails = false
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(admin.drains, length)
      assert.deepStrictEqual(yield* state, { _tag: "NotRequested" })
    })
  )

  it.effect("ends a request under way with its Envoy", () =>
    Effect.gen(function* () {
      shows("drain-restart")
      const attempts = { begun: 0, interrupted: 0 }
      const hanging = Layer.mock(AdminClient, {
        drainListeners: () =>
          Effect.suspend(() => {
            attempts.begun += 1
            return Effect.onInterrupt(Effect.never, () =>
              Effect.sync(() => {
                attempts.interrupted += 1
              })
            )
          })
      })
      const { drain, restart, state } = yield* drainsOn(hanging)
      const asked = yield* Effect.forkChild(Effect.flip(drain()))
      yield* TestClock.adjust(0)
      yield* restart
      assert.strictEqual((yield* Fiber.join(asked)).detail, "Envoy has ended")
      assert.deepStrictEqual(attempts, { begun: 1, interrupted: 1 })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(attempts.begun, 1)
      assert.deepStrictEqual(yield* state, { _tag: "NotRequested" })
    })
  )

  it.effect("remembers a drain also for a client that did not wait for the answer", () =>
    Effect.gen(function* () {
      shows("drained-state")
      const slow = Layer.mock(AdminClient, {
        drainListeners: () => Effect.delay(Effect.succeed("OK\n"), "100 millis"),
        inboundListeners: Effect.succeed(1)
      })
      const { drain, state } = yield* drainsOn(slow)
      const client = yield* Effect.forkChild(drain())
      yield* TestClock.adjust("50 millis")
      yield* Fiber.interrupt(client)
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(yield* state, { _tag: "Drained", drainedAt: 100 })
    })
  )
})

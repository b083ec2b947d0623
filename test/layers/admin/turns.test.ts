import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { makeTurns } from "../../../src/layers/admin/turns.ts"
import { shows } from "../../shows.ts"

/** Requests that take some time, and what began and ended, in order. */
const requests = Effect.gen(function* () {
  const turns = yield* makeTurns
  const events: Array<string> = []
  const lasting = (name: string, millis: number) =>
    Effect.sync(() => void events.push(`${name} begins`)).pipe(
      Effect.andThen(Effect.sleep(millis)),
      Effect.andThen(Effect.sync(() => void events.push(`${name} ends`)))
    )
  const short = (name: string, millis: number) => Effect.forkChild(turns.short(lasting(name, millis)))
  const long = (name: string, millis: number) => Effect.forkChild(turns.long(lasting(name, millis)))
  return { events, long, short }
})

describe("requests to Envoy's admin", () => {
  it.effect("let short ones go before long ones that wait", () =>
    Effect.gen(function* () {
      shows("probes-first")
      const { events, long, short } = yield* requests
      yield* long("scrape 1", 600)
      yield* TestClock.adjust(1)
      yield* long("scrape 2", 600)
      yield* TestClock.adjust(1)
      yield* short("probe", 10)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(events, [
        "scrape 1 begins",
        "scrape 1 ends",
        "probe begins",
        "probe ends",
        "scrape 2 begins",
        "scrape 2 ends"
      ])
    })
  )

  it.effect("make long ones wait for short ones under way, which run side by side", () =>
    Effect.gen(function* () {
      shows("probes-first")
      const { events, long, short } = yield* requests
      yield* short("ready", 20)
      yield* short("stats", 10)
      yield* TestClock.adjust(1)
      yield* long("scrape", 5)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(events, [
        "ready begins",
        "stats begins",
        "stats ends",
        "ready ends",
        "scrape begins",
        "scrape ends"
      ])
    })
  )

  it.effect("run long ones one after the other", () =>
    Effect.gen(function* () {
      const { events, long } = yield* requests
      for (const name of ["a", "b", "c"]) yield* long(name, 100)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(events, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"])
    })
  )

  it.effect("make a short one wait until a long one is 3 s old", () =>
    Effect.gen(function* () {
      const { events, long, short } = yield* requests
      yield* long("scrape", 60_000)
      yield* TestClock.adjust(1)
      yield* short("probe", 10)
      yield* TestClock.adjust(2998)
      assert.deepStrictEqual(events, ["scrape begins"])
      yield* TestClock.adjust(11)
      assert.deepStrictEqual(events, ["scrape begins", "probe begins", "probe ends"])
      // A retry does not wait again.
      yield* short("retry", 10)
      yield* TestClock.adjust(10)
      assert.deepStrictEqual(events.slice(3), ["retry begins", "retry ends"])
    })
  )

  it.effect("leave nothing behind where they are interrupted or fail", () =>
    Effect.gen(function* () {
      const { events, long, short } = yield* requests
      const failing = yield* makeTurns
      yield* Effect.ignore(failing.long(Effect.fail("no")))
      yield* Effect.ignore(failing.short(Effect.fail("no")))
      yield* failing.long(Effect.void)
      const running = yield* long("a", 1000)
      yield* TestClock.adjust(1)
      const waitingLong = yield* long("b", 1000)
      const waitingShort = yield* short("c", 1000)
      yield* TestClock.adjust(1)
      yield* Fiber.interrupt(waitingLong)
      yield* Fiber.interrupt(waitingShort)
      yield* Fiber.interrupt(running)
      yield* long("d", 10)
      yield* TestClock.adjust(20)
      assert.deepStrictEqual(events, ["a begins", "d begins", "d ends"])
    })
  )
})

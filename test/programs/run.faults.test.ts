import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Option, Schema, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { run } from "../../src/programs/run.ts"
import type { EnvoyServerState } from "../../src/services/AdminClient.ts"
import { HealthMonitor } from "../../src/services/HealthMonitor.ts"
import {
  code,
  killed,
  type Life,
  lives,
  quietStats,
  type SimulatedLauncher,
  simulatedAdmin,
  simulatedSignals
} from "../fakes.ts"
import { agentOn } from "./simulated.ts"

const aLife = Schema.Struct({
  /** None: it lives on. */
  lasts: Schema.UndefinedOr(Schema.Literals([0, 1, 40, 300, 2500, 30_000])),
  exit: Schema.Literals(["code 0", "code 3", "killed"]),
  stubborn: Schema.Boolean,
  /** Whether the system refuses to start it. */
  isRefused: Schema.Boolean
})
const exits = { "code 0": code(0), "code 3": code(3), killed }

/** What befalls one Envoy. */
const aFate = Schema.Struct({
  lives: Schema.Array(aLife).check(Schema.isMinLength(1), Schema.isMaxLength(5)),
  /** What its admin says, from when on; undefined: nothing. */
  admin: Schema.Array(
    Schema.Struct({
      after: Schema.Literals([0, 20, 100, 1000, 7000]),
      state: Schema.UndefinedOr(Schema.Literals(["PRE_INITIALIZING", "LIVE"])),
      connections: Schema.UndefinedOr(Schema.Literals([0, 2]))
    })
  ).check(Schema.isMaxLength(4))
})

const schedule = {
  restarts: Schema.Literals([0, 1, 3]),
  main: aFate,
  relay: Schema.UndefinedOr(aFate),
  drainFails: Schema.Boolean,
  signals: Schema.Array(Schema.Literals([0, 1, 60, 350, 4000, 40_000])).check(Schema.isMaxLength(3))
}

const livesOf = (fate: typeof aFate.Type): ReadonlyArray<Life> =>
  fate.lives.map(({ exit, isRefused, lasts, stubborn }) => ({
    ...(lasts === undefined ? {} : { lasts }),
    ...(isRefused ? { refused: "spawn EMFILE" } : {}),
    exit: exits[exit],
    stubborn
  }))

/** Starts that the system made or refused. */
const attempts = (events: ReadonlyArray<string>) => events.filter((event) => /^(start|refused)/.test(event)).length

/** One at a time, each ended before the next, and as often as restarts allow. */
const assertOrderly = ({ alive, events }: SimulatedLauncher, restarts: number) => {
  assert.strictEqual(alive.size, 0)
  const ends = events.filter((event) => /^(start|end) /.test(event))
  ends.forEach((event, i) => {
    assert.strictEqual(event, `${i % 2 === 0 ? "start" : "end"} ${Math.floor(i / 2) + 1}`)
  })
  assert.isAtMost(attempts(events), restarts + 1)
}

describe("run, whatever happens", () => {
  it.effect.prop(
    "ends by a signal with success, else by an Envoy that is not started again; and leaves nothing behind",
    schedule,
    Effect.fnUntraced(function* ({ drainFails, main, relay, restarts, signals: sent }) {
      const launcher = lives(...livesOf(main))
      const admin = simulatedAdmin({ state: undefined, drainFails })
      const relayLauncher = lives(...livesOf(relay ?? main))
      const relayAdmin = simulatedAdmin({ state: undefined })
      const signals = yield* simulatedSignals
      const layer = agentOn(
        { launcher, admin },
        signals,
        { APPNET_ENVOY_RESTART_COUNT: `${restarts}` },
        relay === undefined ? undefined : { launcher: relayLauncher, admin: relayAdmin }
      )

      const outcome = yield* Effect.scoped(
        Effect.gen(function* () {
          const context = yield* Layer.build(layer)
          const { health } = Context.get(context, HealthMonitor)
          const fiber = yield* Effect.forkScoped(Effect.exit(Effect.provideContext(run, context)))
          const befalls = ({ script }: typeof admin, fate: typeof aFate.Type) =>
            Effect.gen(function* () {
              for (const { after, connections, state } of fate.admin) {
                yield* Effect.sleep(after)
                script.state = state satisfies EnvoyServerState | undefined
                script.connections = connections
                script.stats = state === undefined ? undefined : quietStats
              }
            })
          yield* Effect.forkScoped(befalls(admin, main))
          if (relay !== undefined) yield* Effect.forkScoped(befalls(relayAdmin, relay))
          yield* Effect.forkScoped(
            Effect.gen(function* () {
              for (const after of sent) yield* Effect.andThen(Effect.sleep(after), signals.send("SIGTERM"))
            })
          )
          yield* TestClock.adjust(0)
          // A drain lasts 20 s at most, and a stubborn Envoy 3 s.
          yield* TestClock.adjust("150 seconds")
          const asked = sent.length > 0
          if (!asked) yield* signals.send("SIGTERM")
          yield* TestClock.adjust("1 minute")
          const exit = yield* Fiber.join(fiber)
          assert.strictEqual((yield* SubscriptionRef.get(health)).status, "UNHEALTHY")
          return exit
        })
      )

      assertOrderly(launcher, restarts)
      if (relay !== undefined) assertOrderly(relayLauncher, restarts)
      if (Exit.isFailure(outcome)) {
        const { _tag } = Option.getOrThrow(Exit.findErrorOption(outcome))
        const launchers = [launcher, ...(relay === undefined ? [] : [relayLauncher])]
        const isSpent = ({ events }: SimulatedLauncher) => attempts(events) === restarts + 1
        const isRefusedAtOnce = ({ events }: SimulatedLauncher) => events[0] === "refused"
        assert.isTrue(launchers.some(_tag === "EnvoyEnded" ? isSpent : isRefusedAtOnce), _tag)
      }
    }),
    { arbitrary: { runs: 150 } }
  )
})

import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Option, Result } from "effect"
import { TestClock } from "effect/testing"
import { ready } from "../../src/programs/ready.ts"
import { AgentUnreachable, ManagementClient, ManagementNotServed } from "../../src/services/ManagementClient.ts"
import { settings } from "../fakes.ts"
import { shows } from "../shows.ts"

type Answer = ManagementClient["Service"]["status"]

const saying = (healthStatus: string): Answer =>
  Effect.succeed({ healthStatus, envoyState: "LIVE", reason: "the first update was rejected" })
const nobody: Answer = Effect.fail(new AgentUnreachable({ address: "localhost:9902", problem: "ECONNREFUSED" }))

/** `ready` against an agent that gives these answers in turn, the last one for ever. */
const askingIn = (
  environment: Readonly<Record<string, string>>,
  options: { interval?: number; timeout?: number },
  ...answers: ReadonlyArray<Answer>
) => {
  const count = { asked: 0 }
  const status = Effect.suspend(() => {
    const answer = answers[Math.min(count.asked, answers.length - 1)] ?? nobody
    count.asked += 1
    return answer
  })
  const program = ready({
    interval: Option.fromUndefinedOr(options.interval),
    timeout: Option.fromUndefinedOr(options.timeout)
  }).pipe(
    Effect.provide(
      Layer.succeed(
        ManagementClient,
        ManagementClient.of({ request: () => Effect.die("only /status is asked"), status })
      )
    ),
    Effect.provide(settings(environment))
  )
  return { count, program }
}

const asking = (options: { interval?: number; timeout?: number }, ...answers: ReadonlyArray<Answer>) =>
  askingIn({}, options, ...answers)

describe("ready", () => {
  it.effect("asks every interval until the agent is HEALTHY", () =>
    Effect.gen(function* () {
      shows("ready-polls")
      const { count, program } = asking({}, nobody, saying("UNHEALTHY"), saying("HEALTHY"))
      const fiber = yield* Effect.forkChild(program)
      yield* TestClock.adjust(0)
      assert.strictEqual(count.asked, 1)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(count.asked, 2)
      yield* TestClock.adjust("5 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.strictEqual(count.asked, 3)
    })
  )

  it.effect("gives up after the time-out and says what was last heard", () =>
    Effect.gen(function* () {
      shows("ready-polls", "ready-reason")
      const { program } = asking({ interval: 1, timeout: 10 }, nobody, saying("UNHEALTHY"))
      const fiber = yield* Effect.forkChild(Effect.result(program))
      yield* TestClock.adjust(0)
      yield* TestClock.adjust("10 seconds")
      const result = yield* Fiber.join(fiber)
      assert.isTrue(
        Result.isFailure(result) &&
          result.failure.message === "not HEALTHY within 10 s: UNHEALTHY: the first update was rejected"
      )
    })
  )

  it.effect("asks once where interval or time-out is 0", () =>
    Effect.gen(function* () {
      shows("ready-once")
      for (const options of [{ interval: 0 }, { timeout: 0 }]) {
        const { count, program } = asking(options, saying("UNHEALTHY"), saying("HEALTHY"))
        assert.isTrue(Exit.isFailure(yield* Effect.exit(program)))
        assert.strictEqual(count.asked, 1)
      }
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(asking({ timeout: 0 }, saying("HEALTHY")).program)))
    })
  )

  it.effect("does not wait for an API that is not served", () =>
    Effect.gen(function* () {
      shows("ready-not-served")
      const { count, program } = asking({}, Effect.fail(new ManagementNotServed()))
      const result = yield* Effect.result(program)
      assert.isTrue(Result.isFailure(result) && result.failure.message.includes("APPNET_AGENT_ADMIN_MODE is not set"))
      assert.strictEqual(count.asked, 1)
    })
  )

  it.effect("goes by the variables, unless options say otherwise", () =>
    Effect.gen(function* () {
      shows(
        "APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S",
        "APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S",
        "ready-polls",
        "ready-once"
      )
      const environment = {
        APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S: "2",
        APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S: "9"
      }
      const cases = [
        { given: {}, options: {}, asked: 36, words: "not HEALTHY within 180 s" },
        { given: environment, options: {}, asked: 5, words: "not HEALTHY within 9 s" },
        { given: environment, options: { interval: 1, timeout: 2.5 }, asked: 3, words: "not HEALTHY within 2.5 s" },
        { given: { APPNET_AGENT_POLL_ENVOY_READINESS_TIMEOUT_S: "0" }, options: {}, asked: 1, words: "" },
        { given: { APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S: "0" }, options: {}, asked: 1, words: "" }
      ]
      for (const { asked, given, options, words } of cases) {
        const { count, program } = askingIn(given, options, saying("UNHEALTHY"))
        const fiber = yield* Effect.forkChild(Effect.result(program))
        yield* TestClock.adjust(0)
        yield* TestClock.adjust("200 seconds")
        const result = yield* Fiber.join(fiber)
        assert.include(String(Result.isFailure(result) && result.failure.message), words)
        assert.strictEqual(count.asked, asked, JSON.stringify([given, options]))
      }
    })
  )
})

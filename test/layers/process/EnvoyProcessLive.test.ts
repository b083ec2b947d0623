import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { EnvoyProcessLive } from "../../../src/layers/process/EnvoyProcessLive.ts"
import { EnvoyLauncher, type ProcessSample } from "../../../src/services/EnvoyLauncher.ts"
import { EnvoyProcess } from "../../../src/services/EnvoyProcess.ts"
import { code, killed, type Life, lives, settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"

const on = (environment: Readonly<Record<string, string>>, ...script: ReadonlyArray<Life>) => {
  const launcher = lives(...script)
  return { launcher, layer: EnvoyProcessLive.pipe(Layer.provide(launcher.layer), Layer.provide(settings(environment))) }
}

const supervised = Effect.gen(function* () {
  const envoy = yield* EnvoyProcess
  const fiber = yield* Effect.forkScoped(envoy.supervise)
  yield* TestClock.adjust(0)
  const state = Effect.map(envoy.state, ({ _tag, epoch }) => `${_tag} ${epoch}`)
  return { envoy, fiber, state }
})

describe("EnvoyProcess", () => {
  it.effect("restarts at once the first time, then after 100 ms, 200 ms and so on", () => {
    shows("APPNET_ENVOY_RESTART_COUNT", "restart-delays")
    const { launcher, layer } = on({ APPNET_ENVOY_RESTART_COUNT: "3" }, { lasts: 10, exit: killed })
    return Effect.gen(function* () {
      const { state } = yield* supervised
      assert.strictEqual(yield* state, "Running 0")
      yield* TestClock.adjust(10)
      assert.strictEqual(yield* state, "Running 1")
      yield* TestClock.adjust(10)
      assert.strictEqual(yield* state, "Exited 1")
      yield* TestClock.adjust(99)
      assert.strictEqual(yield* state, "Exited 1")
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* state, "Running 2")
      yield* TestClock.adjust(10 + 199)
      assert.strictEqual(yield* state, "Exited 2")
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* state, "Running 3")
      assert.strictEqual(launcher.alive.size, 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("waits at most 5 s between restarts", () => {
    shows("restart-delays")
    const { launcher, layer } = on({ APPNET_ENVOY_RESTART_COUNT: "10" }, { lasts: 0 })
    return Effect.gen(function* () {
      yield* supervised
      yield* TestClock.adjust("40 seconds")
      assert.strictEqual(launcher.events.filter((event) => event.startsWith("start")).length, 11)
    }).pipe(Effect.provide(layer))
  })

  it.effect("fails with Envoy's exit code when no restart is left", () => {
    shows("exit-envoy-code")
    const { layer } = on({}, { lasts: 5, exit: code(3) })
    return Effect.gen(function* () {
      const { fiber, state } = yield* supervised
      yield* TestClock.adjust(5)
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag === "EnvoyEnded" ? error.exitCode : undefined, 3)
      assert.strictEqual(yield* state, "Failed 0")
    }).pipe(Effect.provide(layer))
  })

  it.effect("fails with 128 + signal number when a signal ended Envoy", () => {
    shows("exit-envoy-signal")
    const { layer } = on({}, { lasts: 5, exit: killed })
    return Effect.gen(function* () {
      const { fiber } = yield* supervised
      yield* TestClock.adjust(5)
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag === "EnvoyEnded" ? error.exitCode : undefined, 137)
    }).pipe(Effect.provide(layer))
  })

  it.effect("counts an exit 0 that nobody asked for as an end", () => {
    shows("exit-envoy-code")
    const { layer } = on({}, { lasts: 5, exit: code(0) })
    return Effect.gen(function* () {
      const { fiber } = yield* supervised
      yield* TestClock.adjust(5)
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag === "EnvoyEnded" ? error.exitCode : undefined, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("tries a start that fails again by the same schedule, and counts it as a restart", () => {
    shows("failed-start")
    const { launcher, layer } = on(
      { APPNET_ENVOY_RESTART_COUNT: "10" },
      { lasts: 10, exit: killed },
      { refused: "spawn EMFILE" },
      { refused: "no FIFO" },
      {}
    )
    return Effect.gen(function* () {
      const { envoy, state } = yield* supervised
      yield* TestClock.adjust(10)
      assert.deepStrictEqual(yield* envoy.state, {
        _tag: "Exited",
        epoch: 1,
        exit: { _tag: "NotStarted", problem: "cannot start Envoy at /envoy: spawn EMFILE" }
      })
      yield* TestClock.adjust(100)
      assert.strictEqual(yield* state, "Exited 2")
      yield* TestClock.adjust(199)
      assert.strictEqual(yield* state, "Exited 2")
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* state, "Running 3")
      assert.deepStrictEqual(launcher.events, ["start 1", "end 1", "refused", "refused", "start 2"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("fails with the reason when the last restart that is left cannot be started", () => {
    shows("failed-start")
    const { layer } = on({ APPNET_ENVOY_RESTART_COUNT: "2" }, { lasts: 5 }, { refused: "spawn EAGAIN" })
    return Effect.gen(function* () {
      const { fiber, state } = yield* supervised
      yield* TestClock.adjust(105)
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.deepInclude(error, { _tag: "EnvoyEnded", restarts: 2, exitCode: 1 })
      assert.include(error.message, "cannot start Envoy at /envoy: spawn EAGAIN")
      assert.include(error.message, "no restart is left (2 made")
      assert.strictEqual(yield* state, "Failed 2")
    }).pipe(Effect.provide(layer))
  })

  it.effect("fails at once when the first start fails", () => {
    const { launcher, layer } = on({ APPNET_ENVOY_RESTART_COUNT: "10" }, { refused: "spawn ENOEXEC" }, {})
    return Effect.gen(function* () {
      const { fiber, state } = yield* supervised
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag, "EnvoyLaunchFailed")
      assert.strictEqual(yield* state, "Failed 0")
      assert.deepStrictEqual(launcher.events, ["refused"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not try again when a stop comes while a start fails", () => {
    const { launcher, layer } = on({ APPNET_ENVOY_RESTART_COUNT: "10" }, { lasts: 0 }, { refused: "spawn EMFILE" }, {})
    return Effect.gen(function* () {
      const { envoy, state } = yield* supervised
      assert.strictEqual(yield* state, "Exited 1")
      yield* envoy.stop
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* state, "Stopped 1")
      assert.deepStrictEqual(launcher.events, ["start 1", "end 1", "refused"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("stops with SIGTERM, and kills after 3 s", () => {
    shows("kill-after-3s")
    const { launcher, layer } = on({}, { stubborn: true })
    return Effect.gen(function* () {
      const { envoy, state } = yield* supervised
      const stopping = yield* Effect.forkScoped(envoy.stop)
      yield* TestClock.adjust(2999)
      assert.deepStrictEqual(launcher.events, ["start 1", "SIGTERM 1"])
      yield* TestClock.adjust(1)
      yield* Fiber.join(stopping)
      assert.deepStrictEqual(launcher.events, ["start 1", "SIGTERM 1", "SIGKILL 1", "end 1"])
      assert.strictEqual(yield* state, "Stopped 0")
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not restart an Envoy that ends while it is drained, and says how it ended", () => {
    shows("crash-in-drain")
    const lines: Array<string> = []
    const log = Logger.layer([Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${message}`))])
    const { launcher, layer } = on({ APPNET_ENVOY_RESTART_COUNT: "3" }, { lasts: 50, exit: killed })
    return Effect.gen(function* () {
      const { envoy, state } = yield* supervised
      yield* envoy.beginDraining
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(launcher.events, ["start 1", "end 1"])
      assert.strictEqual(yield* state, "Stopped 0")
      assert.lengthOf(lines, 2)
      assert.match(lines[1] ?? "", /^Error Envoy \(pid \d+\) ended with signal SIGKILL while it was drained/)
    }).pipe(Effect.provide(Layer.merge(layer, log)))
  })

  it.effect("says nothing of an end that it asked for", () => {
    shows("crash-in-drain")
    const lines: Array<string> = []
    const log = Logger.layer([Logger.make(({ message }) => void lines.push(`${message}`))])
    const { layer } = on({}, {})
    return Effect.gen(function* () {
      const { envoy, state } = yield* supervised
      yield* envoy.beginDraining
      yield* envoy.stop
      assert.strictEqual(yield* state, "Stopped 0")
      assert.deepStrictEqual(lines, ["Envoy started with pid 1"])
    }).pipe(Effect.provide(Layer.merge(layer, log)))
  })

  it.effect("does not restart after a stop between two restarts", () => {
    const { launcher, layer } = on({ APPNET_ENVOY_RESTART_COUNT: "5" }, { lasts: 0 })
    return Effect.gen(function* () {
      const { envoy, fiber, state } = yield* supervised
      yield* TestClock.adjust(0)
      assert.strictEqual(yield* state, "Exited 1")
      yield* envoy.stop
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(launcher.events.filter((event) => event.startsWith("start")).length, 2)
      assert.strictEqual(yield* state, "Stopped 1")
    }).pipe(Effect.provide(layer))
  })

  it.effect("leaves no process when its fiber is interrupted", () => {
    const { launcher, layer } = on({}, {})
    return Effect.gen(function* () {
      const { fiber } = yield* supervised
      assert.strictEqual(launcher.alive.size, 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(launcher.alive.size, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("looks at the process when somebody asks, and at most once an interval", () =>
    Effect.gen(function* () {
      shows("PID_POLL_INTERVAL_MS")
      const looksIn = Effect.fnUntraced(function* (environment: Readonly<Record<string, string>>) {
        let looks = 0
        const sample = Effect.sync(() => {
          looks += 1
          return Option.some<ProcessSample>({ state: "running", residentMemory: looks, cpuTime: 0 })
        })
        const launch = Effect.succeed({ pid: 1, exit: Effect.never, signal: () => Effect.void, sample })
        const launcher = Layer.succeed(EnvoyLauncher, EnvoyLauncher.of({ launch }))
        yield* Effect.gen(function* () {
          const { envoy } = yield* supervised
          yield* TestClock.adjust("1 minute")
          assert.strictEqual(looks, 0)
          for (let i = 0; i < 40; i += 1) {
            assert.deepInclude(Option.getOrThrow(yield* envoy.sample), { state: "running", residentMemory: looks })
            yield* TestClock.adjust("25 millis")
          }
        }).pipe(Effect.provide(EnvoyProcessLive.pipe(Layer.provide(launcher), Layer.provide(settings(environment)))))
        return looks
      })
      assert.strictEqual(yield* looksIn({}), 10)
      assert.strictEqual(yield* looksIn({ PID_POLL_INTERVAL_MS: "25" }), 40)
      assert.strictEqual(yield* looksIn({ PID_POLL_INTERVAL_MS: "5000" }), 1)
    })
  )

  it.effect("has no process to look at between two lives, nor after the end", () => {
    const { layer } = on({ APPNET_ENVOY_RESTART_COUNT: "1" }, { lasts: 10 })
    return Effect.gen(function* () {
      const { envoy, state } = yield* supervised
      yield* TestClock.adjust(20)
      assert.strictEqual(yield* state, "Failed 1")
      assert.isTrue(Option.isNone(yield* envoy.sample))
    }).pipe(Effect.provide(layer))
  })

  it.effect("keeps a final state, whatever comes after it", () => {
    const { launcher, layer } = on({}, { lasts: 5 })
    return Effect.gen(function* () {
      const { envoy, state } = yield* supervised
      yield* TestClock.adjust(5)
      assert.strictEqual(yield* state, "Failed 0")
      yield* envoy.beginDraining
      yield* envoy.stop
      assert.strictEqual(yield* state, "Failed 0")
      yield* Effect.forkScoped(envoy.supervise)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* state, "Failed 0")
      assert.deepStrictEqual(launcher.events, ["start 1", "end 1"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("tells each change of its state once, in order", () => {
    const { layer } = on({ APPNET_ENVOY_RESTART_COUNT: "1" }, { lasts: 10 })
    return Effect.gen(function* () {
      const envoy = yield* EnvoyProcess
      const seen: Array<string> = []
      yield* envoy.changes.pipe(
        Stream.runForEach(({ _tag, epoch }) => Effect.sync(() => void seen.push(`${_tag} ${epoch}`))),
        Effect.forkScoped
      )
      yield* TestClock.adjust(0)
      yield* Effect.forkScoped(envoy.supervise)
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(seen, [
        "Starting 0",
        "Running 0",
        "Exited 0",
        "Starting 1",
        "Running 1",
        "Exited 1",
        "Failed 1"
      ])
    }).pipe(Effect.provide(layer))
  })
})

describe("a stop while Envoy is being started", () => {
  it.effect("ends that Envoy, and never says that it runs", () => {
    const launcher = lives({ stubborn: true })
    const slow = Layer.effect(
      EnvoyLauncher,
      Effect.map(EnvoyLauncher, ({ launch }) => EnvoyLauncher.of({ launch: Effect.delay(launch, "1 second") }))
    )
    const layer = EnvoyProcessLive.pipe(
      Layer.provide(Layer.provide(slow, launcher.layer)),
      Layer.provide(settings({ APPNET_ENVOY_RESTART_COUNT: "3" }))
    )
    return Effect.gen(function* () {
      const { envoy, state } = yield* supervised
      yield* TestClock.adjust(500)
      yield* envoy.beginDraining
      yield* envoy.stop
      assert.strictEqual(yield* state, "Stopped 0")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* state, "Stopped 0")
      assert.deepStrictEqual(launcher.events, ["start 1", "SIGKILL 1", "end 1"])
    }).pipe(Effect.provide(layer))
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Schedule, Schema } from "effect"
import { envoyArguments, hotRestartArguments } from "../../../src/layers/process/envoyArguments.ts"
import { envoyCandidates } from "../../../src/layers/process/envoyCandidates.ts"
import { parseEnvoyVersion } from "../../../src/layers/process/envoyVersion.ts"
import { parseProcSample } from "../../../src/layers/process/procStat.ts"
import { restartSchedule } from "../../../src/layers/process/restarts.ts"
import { holdsNetAdmin, wrapperCandidates } from "../../../src/layers/process/wrapper.ts"
import { Config } from "../../../src/services/Config.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"

describe("Envoy's version", () => {
  it("is read from what a stock Envoy, a vendor's and a FIPS build print", () => {
    const version = (label: string) => parseEnvoyVersion(`\n/usr/bin/envoy  version: 9e558093/${label}\n\n`)
    assert.deepStrictEqual(
      version("1.40.0/Clean/RELEASE/BoringSSL"),
      Option.some({ major: 1, minor: 40, patch: 0, fips: false })
    )
    assert.deepStrictEqual(
      version("1.29.12.1-prod/Modified/RELEASE/BoringSSL-FIPS"),
      Option.some({ major: 1, minor: 29, patch: 12, fips: true })
    )
    assert.deepStrictEqual(parseEnvoyVersion("no such option"), Option.none())
  })
})

describe("a sample of /proc/PID", () => {
  const stat = (name: string, state: string) =>
    `42 (${name}) ${state} 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 9 0 12345 99999 2048 18446744073709551615\n`
  const status = "Name:\tenvoy\nVmHWM:\t   99999 kB\nVmRSS:\t    8192 kB\n"

  it.effect.prop("is read whatever the command is called", [Schema.String], ([name]) =>
    Effect.sync(() => {
      assert.deepStrictEqual(
        parseProcSample(stat(name, "S"), status),
        Option.some({ state: "running", residentMemory: 8192 * 1024, cpuTime: 2 })
      )
    })
  )

  it("tells a stopped process and a zombie apart", () => {
    const sampled = (letter: string) => Option.getOrThrow(parseProcSample(stat("envoy", letter), "Name:\tenvoy\n"))
    assert.deepInclude(sampled("T"), { state: "stopped" })
    assert.deepInclude(sampled("Z"), { state: "zombie", residentMemory: 0 })
    assert.deepStrictEqual(parseProcSample("", ""), Option.none())
  })
})

describe("the restart schedule", () => {
  const delays = (count: number) =>
    Effect.gen(function* () {
      const step = yield* Schedule.toStep(restartSchedule(count))
      const seen: Array<number> = []
      while (true) {
        const next = yield* Effect.option(step(0, undefined))
        if (Option.isNone(next)) return seen
        seen.push(Duration.toMillis(next.value[1]))
      }
    })

  it.effect("restarts at once, then doubles from 100 ms up to 5 s, as often as allowed", () =>
    Effect.gen(function* () {
      shows("restart-delays")
      assert.deepStrictEqual(yield* delays(10), [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
      assert.deepStrictEqual(yield* delays(0), [])
    })
  )
})

describe("Envoy's arguments", () => {
  const words = (environment: Readonly<Record<string, string>>) =>
    Effect.map(Config, ({ settings }) => envoyArguments(settings, "/run/b.json").join(" ")).pipe(
      Effect.provide(settings(environment))
    )

  it.effect("are those of the contract", () =>
    Effect.gen(function* () {
      shows("envoy-arguments", "relay-concurrency", "ENVOY_SKIP_DEPRECATED_LOGS", "DISABLE_HOT_RESTART")
      assert.strictEqual(
        yield* words({}),
        "-c /run/b.json -l info --drain-time-s 20 --disable-hot-restart --skip-deprecated-logs"
      )
      assert.strictEqual(
        yield* words({
          ENVOY_LOG_LEVEL: "debug",
          ENVOY_CONCURRENCY: "3",
          LISTENER_DRAIN_WAIT_TIME_S: "7",
          DISABLE_HOT_RESTART: "0",
          ENVOY_SKIP_DEPRECATED_LOGS: "0"
        }),
        "-c /run/b.json -l debug --concurrency 3 --drain-time-s 7"
      )
      assert.include(yield* words({ APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1" }), "--concurrency 1 ")
    })
  )

  it.effect("take a base id, an epoch and the parent's time with hot restart on", () =>
    Effect.gen(function* () {
      shows("hot-restart-arguments")
      const { settings } = yield* Config
      assert.strictEqual(
        hotRestartArguments(settings, 17, "main").join(" "),
        "--base-id 17 --restart-epoch 0 --parent-shutdown-time-s 25"
      )
    }).pipe(Effect.provide(settings({ DISABLE_HOT_RESTART: "0" })))
  )

  it("name an Envoy: the path asked for alone, else the usual one, else on PATH", () => {
    assert.deepStrictEqual(envoyCandidates("/opt/envoy", "/bin"), ["/opt/envoy"])
    assert.deepStrictEqual(envoyCandidates(undefined, "/bin::/opt"), ["/usr/bin/envoy", "/bin/envoy", "/opt/envoy"])
  })
})

describe("the wrapper", () => {
  const status = (permitted: string, bounding: string) => `Name:\tnode\nCapPrm:\t${permitted}\nCapBnd:\t${bounding}\n`
  const netAdmin = "0000000000001000"

  it("hands NET_ADMIN on where the agent holds it, root by its permitted and others by their bounding set", () => {
    shows("net-admin")
    assert.isTrue(holdsNetAdmin(status(netAdmin, "0"), 0))
    assert.isFalse(holdsNetAdmin(status("0", netAdmin), 0))
    assert.isTrue(holdsNetAdmin(status("0", netAdmin), 1000))
    assert.isFalse(holdsNetAdmin("", 0))
  })

  it("always asks for Envoy's death with the agent's", () => {
    for (const candidate of [...wrapperCandidates(true), ...wrapperCandidates(false)]) {
      assert.match(candidate[0] ?? "", /^(\/usr\/bin\/)?setpriv$/)
      assert.deepStrictEqual(candidate.slice(1, 3), ["--pdeathsig", "KILL"])
      assert.strictEqual(candidate.at(-1), "--")
    }
    assert.include(wrapperCandidates(true)[0] ?? [], "--ambient-caps")
    assert.notInclude(wrapperCandidates(false).flat(), "--ambient-caps")
  })

  it("takes the system's setpriv first where the one on PATH may have capabilities that this container does not hold", () => {
    const plain = [
      ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"],
      ["setpriv", "--pdeathsig", "KILL", "--"]
    ]
    assert.deepStrictEqual(wrapperCandidates(false), plain)
    assert.deepStrictEqual(wrapperCandidates(true).slice(1), plain)
  })
})

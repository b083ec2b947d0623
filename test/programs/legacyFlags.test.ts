import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { build } from "esbuild"
import { decodeEnvironment } from "../../src/layers/config/decode.ts"
import { targetOf } from "../../src/layers/management/client/statusRequest.ts"
import { healthCheckTarget, healthProblem, isHealthCheck } from "../../src/programs/healthCheck.ts"
import { readLegacyFlags } from "../../src/programs/legacyFlags.ts"
import { shows } from "../shows.ts"

const Word = Schema.String.check(
  Schema.makeFilter(
    (word) => word !== "--" && !/^--?(envoyReadiness|logLevel|envoyConfigPath)(=|$)|^-[a-z]{2}/is.test(word)
  )
)

describe("the Go agent's flags", () => {
  it("set variables, with one dash or two, attached or following, in any position", () => {
    shows("old-flags")
    for (const words of [
      ["-logLevel=debug", "config"],
      ["--logLevel=debug", "config"],
      ["config", "-logLevel", "debug"],
      ["--logLevel", "debug", "config"]
    ]) {
      assert.deepStrictEqual(readLegacyFlags(words), { words: ["config"], environment: { ENVOY_LOG_LEVEL: "debug" } })
    }
    assert.deepStrictEqual(readLegacyFlags(["log-level", "--logLevel=info", "debug"]), {
      words: ["log-level", "debug"],
      environment: { ENVOY_LOG_LEVEL: "info" }
    })
    assert.deepStrictEqual(readLegacyFlags(["-envoyConfigPath", "/e.yaml", "-logLevel=off"]), {
      words: [],
      environment: { ENVOY_CONFIG_FILE: "/e.yaml", ENVOY_LOG_LEVEL: "off" }
    })
  })

  it("make -envoyReadiness the command ready, unless it says false", () => {
    shows("old-flags")
    assert.deepStrictEqual(readLegacyFlags(["-envoyReadiness"]).words, ["ready"])
    assert.deepStrictEqual(readLegacyFlags(["--timeout", "3", "--envoyReadiness=true"]).words, [
      "ready",
      "--timeout",
      "3"
    ])
    assert.deepStrictEqual(readLegacyFlags(["-envoyReadiness=false"]).words, [])
  })

  it("without their value are left for the command line to refuse", () => {
    assert.deepStrictEqual(readLegacyFlags(["-logLevel"]).words, ["--logLevel"])
  })

  it("have one dash or two like any other, and are never taken for several letters", () => {
    shows("old-flags")
    assert.deepStrictEqual(readLegacyFlags(["config", "-json", "-h"]).words, ["config", "--json", "-h"])
    assert.deepStrictEqual(readLegacyFlags(["-loglevel", "debug", "-5"]).words, ["--loglevel", "debug", "-5"])
  })

  it("are none behind two dashes, which are left out where nothing follows them", () => {
    shows("old-flags")
    for (const words of [[], ["run"], ["status", "--json"], ["ready", "--timeout", "0"]]) {
      assert.deepStrictEqual(readLegacyFlags([...words, "--"]), { words, environment: {} })
    }
    const words = ["log-level", "--", "-logLevel", "-envoyReadiness"]
    assert.deepStrictEqual(readLegacyFlags(words), { words, environment: {} })
    assert.deepStrictEqual(readLegacyFlags(["-logLevel=debug", "run", "--"]), {
      words: ["run"],
      environment: { ENVOY_LOG_LEVEL: "debug" }
    })
  })

  it.effect.prop("leave every other word as it is", [Schema.Array(Word)], ([words]) =>
    Effect.sync(() => assert.deepStrictEqual(readLegacyFlags(words), { words, environment: {} }))
  )
})

// Texts of the settings that the health check reads: usual ones, wrong ones, and any other.
const spaced = (...texts: ReadonlyArray<string>) => texts.flatMap((text) => [text, ` ${text}\t`])
const textOf = (...usual: ReadonlyArray<string>) =>
  Schema.Union([Schema.Undefined, Schema.Literals(usual), Schema.Literals(usual), Schema.String])
const ModeText = textOf(...spaced("tcp", "uds", "UDS", "Tcp", "tpc", ""))
const PortText = textOf(
  ...spaced(
    "1",
    "80",
    "1024",
    "1025",
    "9902",
    "+9902",
    "-1",
    "0",
    "65534",
    "65535",
    "009902",
    "1e3",
    "0x10",
    "9902.0",
    ""
  )
)
const HostText = textOf(...spaced("[::]", "::", "0.0.0.0", "127.0.0.1", "[::1]", "localhost", ""))
const PathText = textOf(
  ...spaced("/a/b.sock", "unix:/a/b.sock", "unix:///a/b.sock", "UNIX:///a", "unix:a", ""),
  `/${"a".repeat(106)}`,
  `/${"a".repeat(107)}`,
  `/${"\u00e4".repeat(53)}`,
  `/${"\u00e4".repeat(54)}`,
  `unix:///${"a".repeat(106)}`
)

describe("the container's health check", () => {
  it("is `ready` that asks once", () => {
    shows("ready-once")
    for (const words of [
      ["ready", "--timeout", "0"],
      ["ready", "--timeout=0"],
      ["ready", "-interval", "0"],
      ["ready", "--interval", "3", "--timeout", "000"]
    ]) {
      assert.isTrue(isHealthCheck(words), words.join(" "))
    }
    for (const words of [
      ["ready"],
      ["ready", "--timeout", "10"],
      ["status", "--timeout", "0"],
      [],
      // What is wrong here, or more than one question, is for the full command.
      ["ready", "--timeout", "0", "--help"],
      ["ready", "--timeout", "0", "--interval"],
      ["ready", "--timeout", "0", "--interval", "x"],
      ["ready", "--timeout", "0", "--timeout", "5"],
      ["ready", "0"]
    ]) {
      assert.isFalse(isHealthCheck(words), words.join(" "))
    }
  })

  it("says the agent's own reason, in one line", () => {
    shows("ready-reason")
    const unhealthy = { healthStatus: "UNHEALTHY", envoyState: "LIVE" }
    assert.strictEqual(
      healthProblem({ ...unhealthy, reason: "Envoy did not accept its initial configuration" }),
      "UNHEALTHY: Envoy did not accept its initial configuration"
    )
    assert.strictEqual(healthProblem({ ...unhealthy, reason: "a\nb\u001b[31m" }), "UNHEALTHY: a\\nb\\u001b[31m")
    assert.lengthOf(healthProblem({ ...unhealthy, reason: "x".repeat(9000) }), 500)
    // An agent from before there was a reason.
    assert.strictEqual(healthProblem(unhealthy), "UNHEALTHY: Envoy is LIVE")
  })

  it("finds the agent as the settings say, and leaves a wrong setting to the full command", () => {
    assert.deepStrictEqual(healthCheckTarget({ APPNET_AGENT_ADMIN_MODE: " UDS " }, 0), {
      _tag: "Unix",
      path: "/var/run/ecs/appnet_admin.sock"
    })
    assert.deepStrictEqual(
      healthCheckTarget(
        {
          APPNET_AGENT_ADMIN_MODE: "tcp",
          APPNET_AGENT_HTTP_PORT: "1234",
          APPNET_AGENT_HTTP_BIND_ADDRESS: "10.0.0.1"
        },
        0
      ),
      { _tag: "Tcp", host: "10.0.0.1", port: 1234 }
    )
    assert.isUndefined(healthCheckTarget({}, 0))
    assert.isUndefined(healthCheckTarget({ APPNET_AGENT_ADMIN_MODE: "tcp", APPNET_AGENT_HTTP_PORT: "x" }, 0))
  })

  it.effect.prop(
    "reads each setting as the agent does",
    { mode: ModeText, port: PortText, host: HostText, path: PathText, userId: Schema.Literals([0, 1000]) },
    ({ host, mode, path, port, userId }) =>
      Effect.sync(() => {
        shows("ready-settings")
        const environment = {
          APPNET_AGENT_ADMIN_MODE: mode,
          APPNET_AGENT_HTTP_PORT: port,
          APPNET_AGENT_HTTP_BIND_ADDRESS: host,
          APPNET_AGENT_ADMIN_UDS_PATH: path
        }
        const decoded = decodeEnvironment(environment, userId)
        assert.deepStrictEqual(
          healthCheckTarget(environment, userId),
          Result.isSuccess(decoded) ? targetOf(decoded.success.settings) : undefined,
          JSON.stringify(environment)
        )
      }),
    { arbitrary: { runs: 1000 } }
  )

  it("is asked with nothing loaded but a few small files and Node's own modules", async () => {
    shows("ready-cheap")
    const main = "src/programs/main.ts"
    const { metafile } = await build({
      absWorkingDir: fileURLToPath(new URL("../../", import.meta.url)),
      entryPoints: [main],
      bundle: true,
      packages: "external",
      external: ["*.yaml"],
      platform: "node",
      format: "esm",
      write: false,
      metafile: true,
      outdir: "nowhere"
    })
    const loaded = new Set([main])
    for (const file of loaded) {
      for (const { kind, path } of metafile.inputs[file]?.imports ?? []) {
        if (kind === "import-statement") loaded.add(path)
      }
    }
    const files = [...loaded].filter((path) => !path.startsWith("node:")).sort()
    assert.deepStrictEqual(files, [
      "package.json",
      "src/layers/commandLine/printable.ts",
      "src/layers/management/client/statusRequest.ts",
      "src/layers/process/earlyStart.ts",
      "src/layers/process/envoyCandidates.ts",
      "src/layers/process/envoyEnvironment.ts",
      "src/layers/process/nodeDebugger.ts",
      "src/layers/process/spawnChild.ts",
      "src/layers/process/wrapper.ts",
      "src/layers/process/wrapperProbe.ts",
      "src/programs/healthCheck.ts",
      "src/programs/legacyFlags.ts",
      main,
      "src/services/foreignText.ts",
      "src/services/handledSignals.ts",
      "src/services/hostPort.ts",
      "src/services/managementSettings.ts"
    ])
  })
})

import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { build } from "esbuild"
import { healthCheckTarget, isHealthCheck } from "../../src/programs/healthCheck.ts"
import { readLegacyFlags } from "../../src/programs/legacyFlags.ts"
import { shows } from "../shows.ts"

const Word = Schema.String.check(
  Schema.makeFilter((word) => !/^--?(envoyReadiness|logLevel|envoyConfigPath)(=|$)|^-[a-z]{2}/is.test(word))
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

  it.effect.prop("leave every other word as it is", [Schema.Array(Word)], ([words]) =>
    Effect.sync(() => assert.deepStrictEqual(readLegacyFlags(words), { words, environment: {} }))
  )
})

describe("the container's health check", () => {
  it("is `ready` that asks once", () => {
    shows("ready-once")
    for (const words of [
      ["ready", "--timeout", "0"],
      ["ready", "--timeout=0"],
      ["ready", "-interval", "0"]
    ]) {
      assert.isTrue(isHealthCheck(words), words.join(" "))
    }
    for (const words of [["ready"], ["ready", "--timeout", "10"], ["status", "--timeout", "0"], []]) {
      assert.isFalse(isHealthCheck(words), words.join(" "))
    }
  })

  it("finds the agent as the settings say, and leaves a wrong setting to the full command", () => {
    assert.deepStrictEqual(healthCheckTarget({ APPNET_AGENT_ADMIN_MODE: " UDS " }), {
      _tag: "Unix",
      path: "/var/run/ecs/appnet_admin.sock"
    })
    assert.deepStrictEqual(
      healthCheckTarget({
        APPNET_AGENT_ADMIN_MODE: "tcp",
        APPNET_AGENT_HTTP_PORT: "1234",
        APPNET_AGENT_HTTP_BIND_ADDRESS: "10.0.0.1"
      }),
      { _tag: "Tcp", host: "10.0.0.1", port: 1234 }
    )
    assert.isUndefined(healthCheckTarget({}))
    assert.isUndefined(healthCheckTarget({ APPNET_AGENT_ADMIN_MODE: "tcp", APPNET_AGENT_HTTP_PORT: "x" }))
  })

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
      "src/layers/management/client/statusRequest.ts",
      "src/layers/process/earlyStart.ts",
      "src/layers/process/envoyCandidates.ts",
      "src/layers/process/envoyEnvironment.ts",
      "src/layers/process/spawnChild.ts",
      "src/layers/process/wrapper.ts",
      "src/layers/process/wrapperProbe.ts",
      "src/programs/healthCheck.ts",
      "src/programs/legacyFlags.ts",
      main,
      "src/services/foreignText.ts",
      "src/services/hostPort.ts",
      "src/services/stopSignals.ts"
    ])
  })
})

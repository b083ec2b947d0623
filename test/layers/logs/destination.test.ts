import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { logDestination, logLocation } from "../../../src/layers/logs/destination.ts"
import { Config } from "../../../src/services/Config.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"

describe("the destination", () => {
  const destination = (folder: string | undefined, fileName = "a.log") => logDestination({ folder, fileName })

  it("is the agent's outputs where it is not set, or set to the documentation's example", () => {
    for (const folder of [undefined, "stdout", "stderr", "stdout/stderr"])
      assert.deepStrictEqual(destination(folder), { _tag: "AgentOutputs" })
  })

  it("is one output for a name in /dev, and a file everywhere else", () => {
    assert.deepStrictEqual(destination("/dev", "stdout"), { _tag: "OneAgentOutput", name: "stdout" })
    assert.deepStrictEqual(destination("/dev/", "stderr"), { _tag: "OneAgentOutput", name: "stderr" })
    assert.deepStrictEqual(destination("/var/log//"), { _tag: "File", path: "/var/log/a.log" })
  })

  it("is the agent's outputs in /dev for any other name: no log file is created among the devices", () => {
    assert.deepStrictEqual(destination("/dev"), { _tag: "AgentOutputs" })
    assert.deepStrictEqual(destination("/dev/"), { _tag: "AgentOutputs" })
    assert.deepStrictEqual(destination("/dev/shm"), { _tag: "File", path: "/dev/shm/a.log" })
  })

  it.effect("of the local relay is the agent's output by either of its settings alone", () =>
    Effect.gen(function* () {
      shows("local-relay-log", "APPNET_LOCAL_RELAY_LOG_DESTINATION", "APPNET_LOCAL_RELAY_LOG_FILE_NAME")
      const of = (environment: Readonly<Record<string, string>>) =>
        Effect.map(Config, (config) => logDestination(logLocation(config.settings, "local relay"))).pipe(
          Effect.provide(settings(environment))
        )
      const folder = (value: string) => ({ APPNET_LOCAL_RELAY_LOG_DESTINATION: value })
      const name = (value: string) => ({ APPNET_LOCAL_RELAY_LOG_FILE_NAME: value })
      assert.deepStrictEqual(yield* of({}), { _tag: "File", path: "/tmp/local_relay_appnet_envoy.log" })
      assert.deepStrictEqual(yield* of(folder("/dev")), { _tag: "AgentOutputs" })
      for (const output of ["stdout", "stderr"] as const) {
        assert.deepStrictEqual(yield* of(name(output)), { _tag: "OneAgentOutput", name: output })
        assert.deepStrictEqual(yield* of({ ...folder("/dev"), ...name(output) }), {
          _tag: "OneAgentOutput",
          name: output
        })
      }
      assert.deepStrictEqual(yield* of(name("stdout/stderr")), { _tag: "AgentOutputs" })
      assert.deepStrictEqual(yield* of(folder("/logs")), {
        _tag: "File",
        path: "/logs/local_relay_appnet_envoy.log"
      })
    })
  )
})

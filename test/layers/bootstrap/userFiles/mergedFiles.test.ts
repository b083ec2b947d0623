import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { shows } from "../../../shows.ts"
import { type Environment, generatedOf, serviceConnect, withFiles } from "../harness.ts"

describe("custom files", () => {
  const merged = (files: Environment, variables: Environment) =>
    Effect.gen(function* () {
      const DIR = yield* withFiles(files)
      const environment = Object.fromEntries(Object.entries(variables).map(([name, file]) => [name, `${DIR}/${file}`]))
      return yield* Effect.result(
        generatedOf({ ...serviceConnect, ENABLE_ENVOY_JAEGER_TRACING: "1", ...environment })
      ).pipe(Effect.map(Result.mapError((error) => error.message.replaceAll(`${DIR}/`, ""))))
    })
  const problem = (content: string, variable = "ENVOY_RESOURCES_CONFIG_FILE") =>
    Effect.map(merged({ f: content }, { [variable]: "f" }), (made) =>
      Result.isFailure(made) ? made.failure : assert.fail("accepted")
    )

  it.effect("report a problem with file, line and column", () =>
    Effect.gen(function* () {
      shows("ENVOY_STATS_SINKS_CFG_FILE", "ENVOY_TRACING_CFG_FILE", "custom-files-merged")
      const file = "ENVOY_RESOURCES_CONFIG_FILE=f: "
      const cases: ReadonlyArray<readonly [string, string]> = [
        ["a: [unclosed\n", "line 2, column 1: "],
        ["a: 1\nb: 2\na: 3\n", "line 3, column 1: Map keys must be unique"],
        ["\n\n- a\n", "line 3, column 1: expected fields of an Envoy bootstrap"],
        ["# c\ntracing: {}\n", "line 2, column 1: tracing is in the bootstrap already"],
        [
          "static_resources: {}\nstaticResources: {}\n",
          "line 2, column 1: staticResources and static_resources are the same field"
        ],
        ["x: 1\nstatic_resources: 3\n", "line 2, column 1: static_resources is not an object"],
        ["static_resources: { clusters: {} }\n", "line 1, column 1: static_resources.clusters is not a list"],
        ["stats_sinks: 3\n", "line 1, column 1: stats_sinks is not a list"],
        ["a: 1\n---\nb: 1\n", "line 2, column 1: a second document"],
        [`a: ${"[".repeat(5000)}`, "line 1, column 103: more than 100 collections inside each other"],
        ["a: .nan\n", "line 1, column 4: NaN is not a JSON value"],
        ["a: *b\nb: &b 1\n", "line 1, column 4: there is no anchor &b before this alias"],
        ["a: { [x]: 1 }\n", "line 1, column 6: a key must be a text or a number"],
        ["a: { <<: 1 }\n", "line 1, column 10: a merge key (<<) takes a mapping or a list of mappings"]
      ]
      for (const [content, expected] of cases) assert.include(yield* problem(content), `${file}${expected}`, content)
      assert.include(yield* problem("", "ENVOY_TRACING_CFG_FILE"), "ENVOY_TRACING_CFG_FILE=f is empty")
      for (const without of ["node: {}", "stats_sinks:"]) {
        assert.include(
          yield* problem(`# nothing\n${without}\n`, "ENVOY_STATS_SINKS_CFG_FILE"),
          "ENVOY_STATS_SINKS_CFG_FILE=f: line 2, column 1: the file has no stats_sinks"
        )
      }
      assert.include(
        yield* problem("admin: { profile_path: /tmp/x }"),
        `${file}line 1, column 1: admin has no address that the agent can connect to`
      )
    })
  )

  it.effect("may repeat aliases, but not expand them without bounds", () =>
    Effect.gen(function* () {
      const explode = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]`)
      assert.match(
        yield* problem(`a0: &a0 [x]\n${explode.join("\n")}\n`),
        /line \d+, column \d+: aliases expand to more than/
      )
      assert.match(yield* problem("a: &a\n  b: [*a]\n"), /line 2, column 7: aliases expand to more than/)
      const repeat = `node: &n { x: 1 }\nlayered_runtime:\n${Array.from({ length: 500 }, (_, i) => `  l${i}: *n`).join("\n")}`
      const made = yield* merged({ f: repeat }, { ENVOY_RESOURCES_CONFIG_FILE: "f" })
      assert.isTrue(Result.isSuccess(made))
    })
  )

  it.effect("may use merge keys, but not nest them without bounds", () =>
    Effect.gen(function* () {
      shows("yaml-bounded")
      // Each line merges the one before it several times: a thousand bytes are 8^19 merges.
      const nested = Array.from({ length: 19 }, (_, i) => `a${i + 1}: &a${i + 1} {<<: [${`*a${i},`.repeat(8)}]}`)
      assert.match(
        yield* problem(`a0: &a0 {k: 1}\n${nested.join("\n")}\n`),
        /line \d+, column \d+: aliases expand to more than/
      )
      assert.match(yield* problem("a: &a\n  <<: *a\n"), /line 2, column 7: aliases expand to more than/)
      const made = yield* merged(
        { f: "x: &x { k: 1, l: 1, m: 1 }\ny: &y { <<: *x, l: 2 }\nz: { m: 3, <<: [*y, *x], o: 4 }" },
        { ENVOY_RESOURCES_CONFIG_FILE: "f" }
      )
      assert.deepStrictEqual(Result.getOrThrow(made).value.z, { m: 3, k: 1, l: 2, o: 4 })
    })
  )

  it.effect("cost no more than their size: many aliases, and many keys in one mapping", () =>
    Effect.gen(function* () {
      shows("yaml-bounded")
      // Compared with each other, as the library does it, these are 100 million keys and 800 million aliases: four such
      // files would take longer than a test may.
      const keys = Array.from({ length: 12_000 }, (_, i) => `k${i}: 1`).join("\n ")
      const content = `x: &x 1\nlist: [${"*x,".repeat(40_000)}]\nnode:\n ${keys}\nz: &z { k: 1 }\nlast: { <<: *z }\n`
      for (const file of ["1", "2", "3", "4"]) {
        const made = yield* merged({ [file]: content }, { ENVOY_RESOURCES_CONFIG_FILE: file })
        const { last, list, node } = Result.getOrThrow(made).value
        assert.strictEqual(Array.isArray(list) && list.length, 40_000)
        assert.deepInclude(node, { k11999: 1 })
        assert.deepStrictEqual(last, { k: 1 })
      }
    })
  )

  it.effect("count a section that is null as absent, and take an empty list of sinks for none", () =>
    Effect.gen(function* () {
      shows("null-sections", "ENVOY_STATS_SINKS_CFG_FILE")
      const made = yield* merged(
        { f: "static_resources:\ntracing:\nstats_sinks:\nnode:\n", sinks: "stats_sinks: []\n" },
        { ENVOY_RESOURCES_CONFIG_FILE: "f", ENVOY_STATS_SINKS_CFG_FILE: "sinks" }
      )
      const plain = Result.getOrThrow(yield* merged({}, {}))
      const { value, warnings } = Result.getOrThrow(made)
      assert.deepStrictEqual(value, { ...plain.value, statsSinks: [] })
      assert.deepStrictEqual(warnings, plain.warnings)
      const lists = yield* merged(
        { f: "static_resources: { clusters:, listeners:, secrets:, other: }" },
        { ENVOY_RESOURCES_CONFIG_FILE: "f" }
      )
      assert.deepStrictEqual(Result.getOrThrow(lists).value, plain.value)
    })
  )

  it.effect("are limited in bytes and tokens", () =>
    Effect.gen(function* () {
      assert.match(
        yield* problem("# padding\n".repeat(60_000)),
        /line 52429, column 9: the file is larger than 524288 bytes/
      )
      assert.match(yield* problem(`a: [${"1,".repeat(110_000)}]`), /line 1, column \d+: more than 200000 tokens/)
    })
  )

  it.effect("are merged in their order, and are the source of the clusters that they add", () =>
    Effect.gen(function* () {
      shows("ENVOY_RESOURCES_CONFIG_FILE", "ENVOY_TRACING_CFG_FILE", "custom-files-merged")
      const made = yield* merged(
        {
          tracing: "static_resources: { clusters: [{ name: a }], listeners: [{ name: l }] }",
          resources: "staticResources: { clusters: [{ name: b }] }\nstats_flush_interval: 3s\ncluster_manager: {}"
        },
        { ENVOY_RESOURCES_CONFIG_FILE: "resources", ENVOY_TRACING_CFG_FILE: "tracing" }
      )
      const { sources, value, warnings } = Result.getOrThrow(made)
      const names = Schema.Struct({
        clusters: Schema.Array(Schema.Struct({ name: Schema.String })),
        listeners: Schema.Array(Schema.Struct({ name: Schema.String }))
      })
      const { clusters, listeners } = Schema.decodeUnknownSync(names)(value.staticResources)
      assert.deepStrictEqual(
        clusters.map(({ name }) => name),
        ["local_cluster", "a", "b"]
      )
      assert.deepStrictEqual(listeners, [{ name: "l" }])
      assert.deepStrictEqual([value.statsFlushInterval, value.clusterManager], ["3s", {}])
      assert.match(`${warnings}`, /line 3, column 1: cluster_manager replaces the generated one/)
      assert.deepInclude(sources, {
        path: ["staticResources", "clusters", 2],
        variables: ["ENVOY_RESOURCES_CONFIG_FILE"]
      })
    })
  )

  it.effect("may replace the admin, which the agent then connects to", () =>
    Effect.gen(function* () {
      const made = yield* merged(
        { f: "admin: { address: { socket_address: { address: '::', port_value: 7777 } } }" },
        { ENVOY_RESOURCES_CONFIG_FILE: "f" }
      )
      assert.deepStrictEqual(Result.getOrThrow(made).admin, { _tag: "Tcp", host: "::1", port: 7777 })
    })
  )

  it.effect("are read as YAML 1.1, as Go programs read it", () =>
    Effect.gen(function* () {
      shows("yaml-1.1")
      const made = yield* merged(
        {
          f: "x: &x { on_: yes, off_: off }\nz: { <<: *x, mode: 0600, when: 2026-01-31, time: 1:30, big: 18446744073709551615 }"
        },
        { ENVOY_RESOURCES_CONFIG_FILE: "f" }
      )
      assert.deepStrictEqual(Result.getOrThrow(made).value.z, {
        on_: true,
        off_: false,
        mode: 0o600,
        when: "2026-01-31",
        time: "1:30",
        big: "18446744073709551615"
      })
    })
  )
})

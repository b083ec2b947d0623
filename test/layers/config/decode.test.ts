import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result, Schema } from "effect"
import { decodeEnvironment, type Environment, settingNames } from "../../../src/layers/config/decode.ts"
import { UserFileError } from "../../../src/services/BootstrapProblem.ts"
import type { Setting } from "../../../src/services/Setting.ts"
import { type SettingName, settingsTable } from "../../../src/services/Settings.ts"
import { shows } from "../../shows.ts"

const table: { readonly [K in SettingName]: Setting<unknown> } = settingsTable

const root = 0

const accepted = (environment: Environment, userId = root) => {
  const result = decodeEnvironment(environment, userId)
  if (Result.isFailure(result)) return assert.fail(JSON.stringify(result.failure))
  return result.success
}

const refused = (environment: Environment, userId = root) => {
  const result = decodeEnvironment(environment, userId)
  return Result.isFailure(result) ? result.failure : assert.fail("accepted")
}

const sourceOf = (environment: Environment, name: SettingName) =>
  accepted(environment).inForce.find((setting) => setting.name === name)?.source

describe("decodeEnvironment", () => {
  it("uses the default of every setting in an empty environment, without a warning", () => {
    const { inForce, settings, warnings } = accepted({})
    assert.deepStrictEqual(warnings, [])
    assert.isTrue(inForce.every(({ source }) => source === "default"))
    assert.deepStrictEqual(
      inForce.map(({ name }) => name),
      [...settingNames]
    )
    assert.strictEqual(settings.ENVOY_ADMIN_ACCESS_PORT, 9901)
    assert.strictEqual(settings.ENVOY_LOG_LEVEL, "info")
    assert.strictEqual(settings.APPNET_AGENT_ADMIN_MODE, undefined)
    assert.strictEqual(settings.RELAY_STREAM_IDLE_TIMEOUT, 2_400_000)
  })

  it("trims values, and treats an empty one as not set", () => {
    shows("trimmed")
    const { inForce, settings } = accepted({ ENVOY_ADMIN_ACCESS_PORT: " 9999\n", STATSD_PORT: "  ", AWS_REGION: "" })
    assert.strictEqual(settings.ENVOY_ADMIN_ACCESS_PORT, 9999)
    assert.strictEqual(settings.STATSD_PORT, 8125)
    assert.strictEqual(settings.AWS_REGION, undefined)
    assert.deepStrictEqual(
      inForce.filter(({ source }) => source === "environment").map(({ name }) => name),
      ["ENVOY_ADMIN_ACCESS_PORT"]
    )
  })

  it("shows the beginning of a value that is too long to be meant, on one line", () => {
    shows("long-values")
    const long = `\n${"x\u001b".repeat(50_000)}`
    const messages = [
      ...refused({ STATSD_PORT: long, ENABLE_ENVOY_DOG_STATSD: "1", ENVOY_CONFIG_FILE: long }).map(
        ({ message }) => message
      ),
      ...accepted({ APPMESH_METRIC_EXTENSION_VERSION: long, STATSD_ADDRESS: long, PID_POLL_INTERVAL_MS: long })
        .warnings,
      new UserFileError({ variable: "APPNET_CA_BUNDLE", path: long, position: undefined, reason: "does not exist" })
        .message
    ]
    assert.lengthOf(messages, 5)
    for (const message of messages) {
      assert.match(message, /^[A-Z_]+=x\\u001bx\\u001b[^\p{Cc}]+… [^\p{Cc}]+$/u)
      assert.isBelow(message.length, 700)
    }
  })

  it.prop(
    "reads a boolean exactly as Go's ParseBool does",
    { word: Schema.Union([Schema.Literals(["1", "t", "T", "TRUE", "true", "True"]), Schema.String]) },
    ({ word }) => {
      shows("booleans")
      const text = word.trim()
      const result = decodeEnvironment({ APPMESH_PREVIEW: word }, root)
      if (text === "" || ["0", "f", "F", "FALSE", "false", "False"].includes(text)) {
        assert.isFalse(Result.getOrThrow(result).settings.APPMESH_PREVIEW)
      } else if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) {
        assert.isTrue(Result.getOrThrow(result).settings.APPMESH_PREVIEW)
      } else assert.isTrue(Result.isFailure(result))
    }
  )

  it("keeps the message about an invalid value on one line", () => {
    assert.strictEqual(refused({ ENVOY_ADMIN_ACCESS_PORT: "1\n[info] all is well" })[0].value, "1\\n[info] all is well")
  })

  it("refuses tRuE, on and yes", () => {
    for (const word of ["tRuE", "on", "yes", "2"]) {
      assert.strictEqual(refused({ ENABLE_ENVOY_STATS_TAGS: word })[0].variable, "ENABLE_ENVOY_STATS_TAGS")
    }
  })

  it("reads enumerated values in any case", () => {
    shows("any-case")
    const { settings } = accepted({
      APPNET_AGENT_ADMIN_MODE: "TCP",
      ENVOY_LOG_LEVEL: "Debug",
      JAEGER_TRACER_VERSION: "JSON",
      APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: "TRUE"
    })
    assert.strictEqual(settings.APPNET_AGENT_ADMIN_MODE, "tcp")
    assert.strictEqual(settings.ENVOY_LOG_LEVEL, "debug")
    assert.strictEqual(settings.JAEGER_TRACER_VERSION, "json")
    assert.strictEqual(settings.APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS, "1")
  })

  it("reports all invalid settings at once, each with its value and what is allowed", () => {
    shows("all-at-once")
    const problems = refused({
      ENVOY_ADMIN_ACCESS_PORT: "abc",
      APPMESH_SET_TRACING_DECISION: "on",
      APPNET_AGENT_ADMIN_MODE: "x",
      STATSD_PORT: "8126"
    })
    assert.deepStrictEqual(
      problems.map(({ message }) => message),
      [
        "APPMESH_SET_TRACING_DECISION=on is invalid: expected 1, t, true or 0, f, false",
        "ENVOY_ADMIN_ACCESS_PORT=abc is invalid: expected a port from 1 to 65535",
        "APPNET_AGENT_ADMIN_MODE=x is invalid: expected one of tcp, uds"
      ]
    )
  })

  const tcp = { APPNET_AGENT_ADMIN_MODE: "tcp" }
  const relay = { APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1" }
  const xray = { ENABLE_ENVOY_XRAY_TRACING: "1" }
  const jaeger = { ENABLE_ENVOY_JAEGER_TRACING: "1" }
  const dogStatsd = { ENABLE_ENVOY_DOG_STATSD: "1" }
  /** A value that is invalid, and the settings with which it is used. */
  const wrong: ReadonlyArray<readonly [SettingName, string, Environment?]> = [
    ["ENVOY_ADMIN_ACCESS_PORT", "0"],
    ["ENVOY_ADMIN_ACCESS_PORT", "65536"],
    ["ENVOY_ADMIN_ACCESS_PORT", "99.5"],
    ["DATADOG_TRACER_PORT", "x", { ENABLE_ENVOY_DATADOG_TRACING: "1" }],
    ["JAEGER_TRACER_PORT", "x", jaeger],
    ["JAEGER_TRACER_VERSION", "thrift", jaeger],
    ["STATSD_PORT", "statsd", dogStatsd],
    ["STATSD_ADDRESS", "dogstatsd.local", dogStatsd],
    ["STATSD_SOCKET_PATH", `/${"a".repeat(107)}`, dogStatsd],
    ["ENVOY_INITIAL_FETCH_TIMEOUT", "5s"],
    ["ENVOY_INITIAL_FETCH_TIMEOUT", "-1"],
    ["ENVOY_STATS_FLUSH_INTERVAL", "10"],
    ["ENVOY_STATS_FLUSH_INTERVAL", "0s"],
    ["ENVOY_STATS_FLUSH_INTERVAL", "5m"],
    ["MAX_REQUESTS_PER_IO_CYCLE", "many"],
    ["XRAY_SAMPLING_RATE", "1.5", xray],
    ["XRAY_SAMPLING_RATE", "NaN", xray],
    ["XRAY_DAEMON_PORT", "udp", xray],
    ["AWS_XRAY_DAEMON_ADDRESS", "xray-daemon:2000", xray],
    ["AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:0", xray],
    ["AWS_XRAY_DAEMON_ADDRESS", "tcp:127.0.0.1:2000", xray],
    ["APPNET_ENVOY_ADMIN_ADDRESS", "localhost"],
    ["APPNET_ENVOY_ADMIN_UDS_PATH", `/${"a".repeat(107)}`, { ENVOY_ADMIN_MODE: "uds" }],
    ["APPNET_ENVOY_ADMIN_UDS_PATH", `/${"a".repeat(107)}`, relay],
    ["APPNET_AGENT_HTTP_PORT", "65535", tcp],
    ["APPNET_AGENT_HTTP_BIND_ADDRESS", "127.0.0.1:9902", tcp],
    ["APPNET_AGENT_HTTP_BIND_ADDRESS", "*", tcp],
    ["APPNET_AGENT_ADMIN_UDS_PATH", `/${"a".repeat(107)}`, { APPNET_AGENT_ADMIN_MODE: "uds" }],
    ["APPNET_AGENT_SCRAPE_ADDRESS", "9904"],
    ["APPNET_XDS_MODE", "http"],
    ["APPNET_RUNTIME_GUARDS", "none"],
    ["APPNET_MANAGEMENT_PORT", "https", relay],
    ["RELAY_BUFFER_LIMIT_BYTES", "0", relay],
    ["RELAY_BUFFER_LIMIT_BYTES", "0"],
    ["APPNET_LOCAL_RELAY_ADMIN_PORT", "0"]
  ]
  for (const [name, value, environment = {}] of wrong) {
    it(`refuses ${name}=${value.slice(0, 30)}${Object.keys(environment).length === 0 ? "" : ` with ${Object.keys(environment)}`}`, () => {
      shows("never-clamped")
      const problems = refused({ ...environment, [name]: value })
      assert.deepStrictEqual(
        problems.map(({ message }) => message),
        [`${name}=${value} is invalid: expected ${table[name].allowed}`]
      )
    })
  }

  const tracingFile = { ENVOY_TRACING_CFG_FILE: "/tracing.yaml" }
  const socket = { ...dogStatsd, STATSD_SOCKET_PATH: "/dsd.socket" }
  const serviceConnect = { APPMESH_XDS_ENDPOINT: "unix:///tmp/xds.sock" }
  /** A value that would be invalid, and settings with which it is not used. */
  const harmless: ReadonlyArray<readonly [SettingName, string, Environment?]> = [
    ["DATADOG_TRACER_PORT", "x"],
    ["DATADOG_TRACER_PORT", "x", { ENABLE_ENVOY_DATADOG_TRACING: "1", ...tracingFile }],
    ["JAEGER_TRACER_VERSION", "thrift"],
    ["XRAY_SAMPLING_RATE", "5"],
    ["XRAY_SAMPLING_RATE", "5", { ...xray, XRAY_SAMPLING_RULE_MANIFEST: "/rules.json" }],
    ["XRAY_DAEMON_PORT", "tcp://10.0.0.5:2000", { ...xray, AWS_XRAY_DAEMON_ADDRESS: "127.0.0.1:2000" }],
    ["XRAY_DAEMON_PORT", "x", { ...xray, AWS_XRAY_DAEMON_ADDRESS: "tcp:127.0.0.1:1 udp:127.0.0.1:2" }],
    ["AWS_XRAY_DAEMON_ADDRESS", "xray-daemon"],
    ["ENABLE_ENVOY_XRAY_TRACING", "yes", tracingFile],
    ["STATSD_PORT", "tcp://10.0.0.5:8125"],
    ["STATSD_PORT", "x", socket],
    ["STATSD_ADDRESS", "dogstatsd.local", socket],
    ["STATSD_ADDRESS", "dogstatsd.local", { ...dogStatsd, ENVOY_STATS_SINKS_CFG_FILE: "/sinks.yaml" }],
    ["ENVOY_ADMIN_ACCESS_PORT", "x", { ENVOY_ADMIN_MODE: "uds" }],
    ["ENVOY_ADMIN_ACCESS_PORT", "x", relay],
    ["ENVOY_ADMIN_MODE", "pipe", relay],
    ["APPNET_ENVOY_ADMIN_UDS_PATH", `/${"a".repeat(107)}`],
    ["APPNET_AGENT_HTTP_PORT", "x"],
    ["APPNET_AGENT_HTTP_PORT", "x", { APPNET_AGENT_ADMIN_MODE: "uds" }],
    ["APPNET_AGENT_ADMIN_UDS_PATH", `/${"a".repeat(107)}`, tcp],
    ["APPNET_XDS_MODE", "http", relay],
    ["APPNET_MANAGEMENT_PORT", "x"],
    ["RELAY_BUFFER_LIMIT_BYTES", "0", serviceConnect],
    ["APPNET_LOCAL_RELAY_ADMIN_PORT", "0", serviceConnect],
    ["APPNET_LOCAL_RELAY_ADMIN_PORT", "0", { APPNET_ENABLE_LOCAL_RELAY_MODE_FOR_XDS: "0" }],
    ["ENVOY_STATS_FLUSH_INTERVAL", "10", relay]
  ]
  for (const [name, value, environment = {}] of harmless) {
    it(`warns of ${name}=${value.slice(0, 30)} with ${Object.keys(environment)}, where it is not used`, () => {
      shows("unused-values")
      const { settings, warnings } = accepted({ ...environment, [name]: value })
      assert.strictEqual(warnings.length, 1)
      const [warning = ""] = warnings
      const sentence = `${name}=${value} is invalid, but not used: expected ${table[name].allowed}`
      assert.strictEqual(warning.slice(0, sentence.length), sentence)
      assert.strictEqual(settings[name], table[name].default)
    })
  }

  it("says that a value comes from Kubernetes, which sets variables for each Service", () => {
    shows("kubernetes-services")
    const hint = / \(Kubernetes sets it for a Service named statsd, unless the pod has enableServiceLinks: false\)$/
    const service = { STATSD_PORT: "tcp://10.0.0.5:8125" }
    assert.match(accepted(service).warnings[0] ?? "", hint)
    assert.match(refused({ ...service, ...dogStatsd })[0].message, hint)
  })

  it("takes a value for used where the switch that decides it cannot be read", () => {
    shows("unused-values")
    const named = (environment: Environment) => refused(environment).map(({ variable }) => variable)
    assert.deepStrictEqual(named({ ENABLE_ENVOY_XRAY_TRACING: "yes", XRAY_SAMPLING_RATE: "5" }), [
      "ENABLE_ENVOY_XRAY_TRACING",
      "XRAY_SAMPLING_RATE"
    ])
    const both = { APPNET_ENABLE_RELAY_MODE_FOR_XDS: "yes", APPNET_MANAGEMENT_PORT: "x", ENVOY_ADMIN_ACCESS_PORT: "x" }
    assert.deepStrictEqual(named(both), [
      "ENVOY_ADMIN_ACCESS_PORT",
      "APPNET_ENABLE_RELAY_MODE_FOR_XDS",
      "APPNET_MANAGEMENT_PORT"
    ])
  })

  it("takes for not set what the Go agent took for it, with a warning", () => {
    shows("MAX_REQUESTS_PER_IO_CYCLE", "APPMESH_METRIC_EXTENSION_VERSION", "counts-as-unset")
    for (const [name, value] of [
      ["MAX_REQUESTS_PER_IO_CYCLE", "0"],
      ["MAX_REQUESTS_PER_IO_CYCLE", "-1"],
      ["APPMESH_METRIC_EXTENSION_VERSION", "2"],
      ["APPMESH_METRIC_EXTENSION_VERSION", "true"]
    ] as const) {
      const { inForce, settings, warnings } = accepted({ [name]: value })
      assert.strictEqual(settings[name], undefined)
      assert.deepStrictEqual(warnings, [`${name}=${value} counts as not set: expected ${table[name].allowed}`])
      assert.strictEqual(inForce.find((setting) => setting.name === name)?.source, "default")
    }
    assert.deepStrictEqual(accepted({ APPMESH_METRIC_EXTENSION_VERSION: "0" }).warnings, [])
  })

  it("finds the encoding of Jaeger's spans in Envoy's own words for it", () => {
    shows("JAEGER_TRACER_VERSION")
    const version = (value: string) =>
      accepted({ ...jaeger, JAEGER_TRACER_VERSION: value }).settings.JAEGER_TRACER_VERSION
    for (const value of ["JSON", "json", "HTTP_JSON", "HTTP_JSON_V1"]) assert.strictEqual(version(value), "json")
    for (const value of ["PROTO", "http_proto"]) assert.strictEqual(version(value), "proto")
  })

  it("uses the default of a boolean that only the agent uses and that cannot be read, with a warning", () => {
    shows("ENABLE_STATS_SNAPSHOT", "DISABLE_HOT_RESTART", "ENVOY_SKIP_DEPRECATED_LOGS", "unreadable")
    for (const name of ["ENABLE_STATS_SNAPSHOT", "DISABLE_HOT_RESTART", "ENVOY_SKIP_DEPRECATED_LOGS"] as const) {
      const { settings, warnings } = accepted({ [name]: "yes" })
      assert.strictEqual(settings[name], table[name].default)
      assert.deepStrictEqual(warnings, [
        `${name}=yes cannot be read, expected 1, t, true or 0, f, false: using ${table[name].default}`
      ])
    }
  })

  const right: ReadonlyArray<readonly [SettingName, string]> = [
    ["AWS_XRAY_DAEMON_ADDRESS", "10.2.3.4"],
    ["AWS_XRAY_DAEMON_ADDRESS", "10.2.3.4:2345"],
    ["AWS_XRAY_DAEMON_ADDRESS", "::1"],
    ["AWS_XRAY_DAEMON_ADDRESS", "[::1]:2001"],
    ["AWS_XRAY_DAEMON_ADDRESS", "udp:10.0.0.1:2001 tcp:10.0.0.1:2000"],
    ["APPNET_ENVOY_ADMIN_ADDRESS", "::"],
    ["APPNET_AGENT_SCRAPE_ADDRESS", "[::]:9904"],
    ["APPNET_AGENT_SCRAPE_ADDRESS", "localhost:9904"],
    ["STATSD_SOCKET_PATH", `/${"a".repeat(106)}`],
    ["APPNET_AGENT_HTTP_BIND_ADDRESS", "[::1]"],
    ["APPNET_AGENT_HTTP_BIND_ADDRESS", "::"],
    ["APPNET_AGENT_HTTP_BIND_ADDRESS", "localhost"]
  ]
  for (const [name, value] of right) {
    it(`accepts ${name}=${value.slice(0, 40)}`, () => {
      assert.strictEqual(accepted({ [name]: value }).settings[name], value)
    })
  }

  it("allows a management port up to 1024 only for root", () => {
    shows("APPNET_AGENT_HTTP_PORT")
    assert.strictEqual(accepted({ APPNET_AGENT_HTTP_PORT: "1024" }).settings.APPNET_AGENT_HTTP_PORT, 1024)
    assert.strictEqual(accepted({ APPNET_AGENT_HTTP_PORT: "1025" }, 1000).settings.APPNET_AGENT_HTTP_PORT, 1025)
    assert.include(refused({ ...tcp, APPNET_AGENT_HTTP_PORT: "1024" }, 1000)[0].reason, "1025")
  })

  it.prop(
    "clamps every operational number to the nearest bound, with one warning",
    {
      name: Schema.Literals(settingNames.filter((name) => table[name].policy === "clamp")),
      number: Schema.Int.check(Schema.isBetween({ minimum: -2_000_000, maximum: 2_000_000 }))
    },
    ({ name, number }) => {
      shows("clamped")
      const { minimum = 0, maximum = 0 } = table[name].range ?? {}
      const highest = name === "LISTENER_DRAIN_MIN_WAIT_TIME_S" ? 20 : maximum
      const expected = Math.min(Math.max(number, minimum), highest)
      const environment = { HC_POLL_INTERVAL_MS: "10000", [name]: `${number}` }
      const { inForce, settings, warnings } = accepted(environment)
      assert.strictEqual(settings[name], expected)
      assert.strictEqual(warnings.length, expected === number ? 0 : 1)
      assert.isTrue(warnings.every((warning) => warning.includes(`${name}=${number}`)))
      const source = inForce.find((setting) => setting.name === name)?.source
      assert.strictEqual(source, expected === number ? "environment" : "clamped")
    }
  )

  it("clamps a number that is too large for any integer type", () => {
    const { settings } = accepted({ HC_POLL_INTERVAL_MS: "9".repeat(40), PID_POLL_INTERVAL_MS: `-${"9".repeat(40)}` })
    assert.strictEqual(settings.HC_POLL_INTERVAL_MS, 30_000)
    assert.strictEqual(settings.PID_POLL_INTERVAL_MS, 10)
  })

  it("uses the default for an operational number that cannot be read, with a warning", () => {
    shows("unreadable")
    const { settings, warnings } = accepted({ PID_POLL_INTERVAL_MS: "often", APPNET_AGENT_MAX_LOG_FILE_SIZE: "big" })
    assert.strictEqual(settings.PID_POLL_INTERVAL_MS, 100)
    assert.strictEqual(settings.APPNET_AGENT_MAX_LOG_FILE_SIZE, 1)
    assert.deepStrictEqual(warnings, [
      "PID_POLL_INTERVAL_MS=often cannot be read, expected a whole number from 10 to 1000: using 100",
      "APPNET_AGENT_MAX_LOG_FILE_SIZE=big cannot be read, expected a number from 0.01 to 1024: using 1"
    ])
  })

  it("falls back to info for a log level that Envoy does not have, with a warning", () => {
    shows("log-level-fallback")
    const { settings, warnings } = accepted({ ENVOY_LOG_LEVEL: "verbose" })
    assert.strictEqual(settings.ENVOY_LOG_LEVEL, "info")
    assert.strictEqual(warnings.length, 1)
    assert.include(warnings[0], "ENVOY_LOG_LEVEL=verbose")
  })

  it("treats the agent's own log level the same way", () => {
    assert.strictEqual(accepted({ APPNET_AGENT_LOG_LEVEL: "Warning" }).settings.APPNET_AGENT_LOG_LEVEL, "warning")
    const { settings, warnings } = accepted({ APPNET_AGENT_LOG_LEVEL: "verbose" })
    assert.strictEqual(settings.APPNET_AGENT_LOG_LEVEL, "info")
    assert.deepStrictEqual(warnings, [
      "APPNET_AGENT_LOG_LEVEL=verbose cannot be read, expected one of trace, debug, info, warn, warning, error, critical, off: using info"
    ])
  })

  it("treats a concurrency below 1 as not set", () => {
    shows("ENVOY_CONCURRENCY")
    for (const value of ["-1", "0"]) {
      const { settings, warnings } = accepted({ ENVOY_CONCURRENCY: value })
      assert.strictEqual(settings.ENVOY_CONCURRENCY, undefined)
      assert.deepStrictEqual(warnings, [])
    }
    assert.strictEqual(accepted({ ENVOY_CONCURRENCY: "4" }).settings.ENVOY_CONCURRENCY, 4)
  })

  it("limits the shortest drain wait to the longest one", () => {
    shows("minimum-drain")
    const shortest = (environment: Environment) => accepted(environment).settings.LISTENER_DRAIN_MIN_WAIT_TIME_S
    assert.strictEqual(shortest({}), 5)
    assert.strictEqual(shortest({ LISTENER_DRAIN_WAIT_TIME_S: "3" }), 3)
    assert.strictEqual(shortest({ LISTENER_DRAIN_MIN_WAIT_TIME_S: "0" }), 0)
    const both = { LISTENER_DRAIN_WAIT_TIME_S: "30", LISTENER_DRAIN_MIN_WAIT_TIME_S: "200" }
    assert.strictEqual(shortest(both), 30)
    assert.deepStrictEqual(accepted(both).warnings, ["LISTENER_DRAIN_MIN_WAIT_TIME_S=200 is outside 0 to 30: using 30"])
  })

  it("puts Envoy's admin on IPv6 unless an address is set", () => {
    const address = (environment: Environment) => accepted(environment).settings.APPNET_ENVOY_ADMIN_ADDRESS
    assert.strictEqual(address({}), "0.0.0.0")
    assert.strictEqual(address({ ENVOY_ADMIN_ACCESS_ENABLE_IPV6: "1" }), "::")
    const both = { ENVOY_ADMIN_ACCESS_ENABLE_IPV6: "1", APPNET_ENVOY_ADMIN_ADDRESS: "127.0.0.1" }
    assert.strictEqual(address(both), "127.0.0.1")
  })

  it("checks health at the interval of `ready`, within 2 to 30 s, if only that is set", () => {
    shows("ready-interval-for-health")
    const interval = (environment: Environment) => accepted(environment).settings.HC_POLL_INTERVAL_MS
    assert.strictEqual(interval({}), 10_000)
    assert.strictEqual(interval({ APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S: "7" }), 7000)
    assert.strictEqual(interval({ APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S: "1" }), 2000)
    assert.strictEqual(interval({ APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S: "60" }), 30_000)
    assert.strictEqual(interval({ APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S: "soon" }), 10_000)
    const both = { APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S: "7", HC_POLL_INTERVAL_MS: "3000" }
    assert.strictEqual(interval(both), 3000)
    assert.strictEqual(
      sourceOf({ APPNET_AGENT_POLL_ENVOY_READINESS_INTERVAL_S: "60" }, "HC_POLL_INTERVAL_MS"),
      "clamped"
    )
  })

  it("warns about an unknown variable with the nearest known name, and never shows its value", () => {
    shows("unknown-name")
    const { warnings } = accepted({ ENVOY_LOG_LEVL: "debug", APPNET_AGENT_ADMIN_TOKN: "hunter2", OTHER_THING: "1" })
    assert.deepStrictEqual(warnings, [
      "APPNET_AGENT_ADMIN_TOKN is set but is not a setting; did you mean APPNET_AGENT_ADMIN_TOKEN?",
      "ENVOY_LOG_LEVL is set but is not a setting; did you mean ENVOY_LOG_LEVEL?"
    ])
    const others = { HC_POLL_INTERVAL: "1", LISTENER_DRAIN_WAIT_S: "1", ENVOY_LOG_LEVEL_PORT: "9901" }
    assert.deepStrictEqual(
      accepted(others).warnings.map((warning) => warning.replace(/ is set.* mean/, "")),
      [
        "ENVOY_LOG_LEVEL_PORT ENVOY_LOG_LEVEL?",
        "HC_POLL_INTERVAL HC_POLL_INTERVAL_MS?",
        "LISTENER_DRAIN_WAIT_S LISTENER_DRAIN_WAIT_TIME_S?"
      ]
    )
  })

  it("knows the variables that Kubernetes sets for Services, and does not warn of them", () => {
    shows("kubernetes-services")
    const { warnings } = accepted({
      ENVOY_SERVICE_HOST: "10.0.0.5",
      ENVOY_SERVICE_PORT: "9901",
      ENVOY_SERVICE_PORT_HTTP_ADMIN: "9901",
      ENVOY_PORT: "tcp://10.0.0.5:9901",
      ENVOY_PORT_9901_TCP: "tcp://10.0.0.5:9901",
      ENVOY_PORT_9901_TCP_PROTO: "tcp",
      ENVOY_PORT_9901_TCP_PORT: "9901",
      ENVOY_PORT_9901_TCP_ADDR: "10.0.0.5",
      APPMESH_CONTROLLER_PORT_53_UDP: "udp://[fd00::5]:53"
    })
    assert.deepStrictEqual(warnings, [])
  })

  it.prop("never shows a secret", { secret: Schema.String, port: Schema.String }, ({ port, secret }) => {
    const token = `hunter2${secret}`
    const result = decodeEnvironment({ APPNET_AGENT_ADMIN_TOKEN: token, ENVOY_ADMIN_ACCESS_PORT: port }, root)
    assert.notInclude(JSON.stringify(result), "hunter2")
    if (Result.isSuccess(result)) {
      const held = result.success.settings.APPNET_AGENT_ADMIN_TOKEN
      assert.strictEqual(held === undefined ? "" : Redacted.value(held), token.trim())
    }
  })

  const samples = [
    "0",
    "1",
    "-1",
    "true",
    "tcp",
    "5s",
    "1e400",
    "99999999999999999999",
    "0.5",
    "auto",
    "[::1]:1",
    "é",
    "\0"
  ]
  const given = Schema.Array(
    Schema.Struct({
      name: Schema.Literals(settingNames),
      value: Schema.Union([Schema.String, Schema.Literals(samples), Schema.Int])
    })
  )
  it.prop("decodes any environment to named problems or values in range", { given, userId: Schema.Int }, (input) => {
    const environment = Object.fromEntries(input.given.map(({ name, value }) => [name, `${value}`]))
    const result = decodeEnvironment(environment, input.userId)
    if (Result.isFailure(result)) {
      for (const { reason, variable } of result.failure) {
        assert.property(environment, variable)
        assert.match(reason, /^is invalid: expected /)
      }
      return
    }
    for (const name of settingNames) {
      const value = result.success.settings[name]
      const { range } = table[name]
      if (range === undefined) continue
      assert.isNumber(value)
      assert.isTrue(Number(value) >= range.minimum && Number(value) <= range.maximum)
    }
  })
})

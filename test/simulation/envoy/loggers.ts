import type { AdminReply } from "./EnvoyModel.ts"
import type { Query } from "./query.ts"

/** In Envoy's order. */
const names = `
  a2a admin ai_protocol_manager alternate_protocols_cache aws assert backtrace basic_auth cache_filter client config connection
  conn_handler compression credential_injector decompression dns dubbo envoy_bug ext_authz ext_proc rocketmq file filter
  forward_proxy geolocation grpc happy_eyeballs hc health_checker http http2 hystrix init io jwt json_rpc kafka key_value_store
  lua local_rate_limit main matcher mcp misc mongo multi_connection notification oauth2 quic quic_stream pool rate_limit_quota
  rbac rds redis router runtime stats secret sse tap testing thrift tracing upstream udp wasm websocket golang stats_sinks
  dynamic_modules ip_tagging
`
  .trim()
  .split(/\s+/)

export const levels = ["trace", "debug", "info", "warning", "error", "critical", "off"] as const
export type Level = (typeof levels)[number]

const isLevel = (word: string): word is Level => levels.some((level) => level === word)

const usage = [
  "usage: /logging?<name>=<level> (change single level)",
  "usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)",
  "usage: /logging?level=<level> (change all levels)",
  "usage: /logging?group=<group_name>:<level> (change group of loggers)",
  `levels: ${levels.join(" ")} `
].join("\n")

/** Envoy's loggers and their levels. */
export interface Loggers {
  /** The level that all have, or `mixed`. */
  readonly level: () => string
  /** Whether a line of this logger and level is printed. */
  readonly prints: (logger: string, level: Level) => boolean
  /** `/logging` */
  readonly answer: (query: Query) => AdminReply
}

/** A level of the command line, where `warn` is one too. */
export const levelOf = (word: string): Level | undefined => {
  const name = word === "warn" ? "warning" : word
  return isLevel(name) ? name : undefined
}

export const makeLoggers = (initial: Level, onChange: (text: string) => void): Loggers => {
  let common: Level = initial
  /** Those that differ from the common level. */
  const others = new Map<string, Level>()
  const levelOfLogger = (name: string) => others.get(name) ?? common
  const list = () => `active loggers:\n${names.map((name) => `  ${name}: ${levelOfLogger(name)}\n`).join("")}\n`
  const refuse = (problem: string): AdminReply => ({
    _tag: "Answer",
    status: 400,
    body: `error: ${problem}\n\n${usage}\n${list()}`
  })

  /** Why the request cannot be carried out; undefined where it was. */
  const change = (query: Query): string | undefined => {
    if (query.size === 0) return undefined
    if (query.size > 1) return "invalid number of parameters"
    const [[name, value] = ["", ""]] = query
    if (name === "level") {
      if (value === "") return undefined
      if (!isLevel(value)) return "unknown logger level"
      others.clear()
      common = value
      onChange(`change all log levels: level='${value}'`)
      return undefined
    }
    const pairs =
      name === "paths" || name === "group" ? value.split(",").map((pair) => pair.split(":")) : [[name, value]]
    for (const [logger = "", level = ""] of pairs) {
      if (!isLevel(level)) return "unknown logger level"
      if (!names.includes(logger)) return "unknown logger name"
    }
    for (const [logger = "", level = ""] of pairs) {
      if (!isLevel(level)) continue
      others.set(logger, level)
      onChange(`change log level: name='${logger}' level='${level}'`)
    }
    return undefined
  }

  return {
    level: () =>
      names.every((name) => levelOfLogger(name) === levelOfLogger("main")) ? levelOfLogger("main") : "mixed",
    prints: (logger, level) => levels.indexOf(level) >= levels.indexOf(levelOfLogger(logger)),
    answer: (query) => {
      const problem = change(query)
      return problem === undefined ? { _tag: "Answer", status: 200, body: list() } : refuse(problem)
    }
  }
}

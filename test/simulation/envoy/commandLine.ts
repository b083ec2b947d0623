import { type Level, levelOf } from "./loggers.ts"

/** What Envoy is told by its arguments. */
export interface CommandLine {
  readonly configPath: string
  readonly level: Level
  readonly concurrency: number
  /** Seconds. */
  readonly drainTime: number
  readonly parentShutdownTime: number
  readonly isHotRestartDisabled: boolean
  readonly baseId: number
  readonly restartEpoch: number
  /** What is wrong with the arguments, as Envoy says it; undefined where nothing is. */
  readonly problem: string | undefined
}

const flags = ["--disable-hot-restart", "--skip-deprecated-logs", "--enable-fine-grain-logging"]
const longNames: Readonly<Record<string, string>> = { "-c": "--config-path", "-l": "--log-level" }
const withValue = [
  "--config-path",
  "--log-level",
  "--concurrency",
  "--drain-time-s",
  "--parent-shutdown-time-s",
  "--base-id",
  "--restart-epoch",
  "--component-log-level",
  "--mode",
  "--service-cluster",
  "--service-node"
]

/** Reads Envoy's arguments. By default a host has two cores. */
export const readCommandLine = (words: ReadonlyArray<string>): CommandLine => {
  const values = new Map<string, string>()
  let problem: string | undefined
  for (let i = 0; i < words.length; i += 1) {
    const [name = "", attached] = (words[i] ?? "").split("=", 2)
    const long = longNames[name] ?? name
    if (flags.includes(long)) values.set(long, "")
    else if (!withValue.includes(long)) problem ??= `PARSE ERROR: Argument: ${name}`
    else if (attached !== undefined) values.set(long, attached)
    else {
      i += 1
      values.set(long, words[i] ?? "")
    }
  }
  const number = (name: string, otherwise: number) => Number(values.get(name) ?? otherwise)
  const level = levelOf(values.get("--log-level") ?? "info")
  if (level === undefined) problem ??= `error: invalid log level specified '${values.get("--log-level")}'`
  return {
    configPath: values.get("--config-path") ?? "",
    level: level ?? "info",
    concurrency: Math.max(1, number("--concurrency", 2)),
    drainTime: number("--drain-time-s", 600),
    parentShutdownTime: number("--parent-shutdown-time-s", 900),
    isHotRestartDisabled: values.has("--disable-hot-restart"),
    baseId: number("--base-id", 0),
    restartEpoch: number("--restart-epoch", 0),
    problem
  }
}

/** The lines of Envoy's `/logging`: `  upstream: info`. */
const loggerLine = /^\s+\S.*: (\w+)\s*$/

/** The levels that Envoy's loggers have, each once. */
export const levelsOfLoggers = (text: string): ReadonlyArray<string> => [
  ...new Set(text.split("\n").flatMap((line) => loggerLine.exec(line)?.[1] ?? []))
]

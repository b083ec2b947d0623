/** What the command line says, in today's words. */
export interface Invocation {
  readonly words: ReadonlyArray<string>
  /** Variables that old flags set. */
  readonly environment: Readonly<Record<string, string>>
}

/** Flags of the Go agent that set a variable. */
const valueFlags: Readonly<Record<string, string>> = {
  logLevel: "ENVOY_LOG_LEVEL",
  envoyConfigPath: "ENVOY_CONFIG_FILE"
}
/** A flag by its name, which would be read as a letter each: `-loglevel` would ask for the version. */
const oneDash = /^-[A-Za-z]{2}/
const falseWords = new Set(["0", "f", "F", "false", "False", "FALSE"])

/**
 * Reads the Go agent's flags, in any position, with one dash or two, `-flag=value` or `-flag value`, and leaves all
 * other words as they are, but for the second dash of a flag. `-envoyReadiness` becomes the command `ready`.
 */
export const readLegacyFlags = (words: ReadonlyArray<string>): Invocation => {
  const rest: Array<string> = []
  const environment: Record<string, string> = {}
  let ready = false
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? ""
    const [, name = "", attached] = /^--?([A-Za-z]+)(?:=(.*))?$/s.exec(word) ?? []
    const variable = Object.hasOwn(valueFlags, name) ? valueFlags[name] : undefined
    if (name === "envoyReadiness") {
      ready = attached === undefined || !falseWords.has(attached)
    } else if (variable === undefined) {
      rest.push(oneDash.test(word) ? `-${word}` : word)
    } else if (attached === undefined && i + 1 < words.length) {
      i += 1
      environment[variable] = words[i] ?? ""
    } else if (attached === undefined) {
      rest.push(`--${name}`)
    } else {
      environment[variable] = attached
    }
  }
  return { words: ready && rest[0] !== "ready" ? ["ready", ...rest] : rest, environment }
}

import type { SettingName } from "../services/Settings.ts"

/** A command line after the Go agent's flags have been taken out. */
export interface Invocation {
  /** The command with its flags and arguments; empty means `run`. */
  readonly words: ReadonlyArray<string>
  /** The variables that the Go agent's flags set. */
  readonly environment: Readonly<Partial<Record<SettingName, string>>>
}

/** The Go agent's flags that set a variable. */
const variableByFlag: Readonly<Record<string, SettingName>> = {
  logLevel: "ENVOY_LOG_LEVEL",
  envoyConfigPath: "ENVOY_CONFIG_FILE"
}
/** A long flag behind one dash. The command line would read it as single-letter flags: `-loglevel` contains `-v`. */
const longFlagBehindOneDash = /^-[A-Za-z]{2}/
/** What Go's ParseBool reads as false. */
const falseWords = new Set(["0", "f", "F", "false", "False", "FALSE"])

/**
 * Reads the Go agent's flags, in any position, with one dash or two, as `-flag=value` or `-flag value`.
 * `-envoyReadiness` becomes the command `ready`. All other words stay as they are, except that a long flag behind one dash
 * gets its second dash. A flag that lacks its value also stays, with two dashes, for the command line to report. Behind `--` no
 * word is a flag; where nothing follows it, it says nothing and is left out.
 */
export const readLegacyFlags = (words: ReadonlyArray<string>): Invocation => {
  const rest: Array<string> = []
  const environment: Partial<Record<SettingName, string>> = {}
  let isReadiness = false
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? ""
    if (word === "--") {
      if (i + 1 < words.length) rest.push(...words.slice(i))
      break
    }
    const [, name = "", attached] = /^--?([A-Za-z]+)(?:=(.*))?$/s.exec(word) ?? []
    const variable = Object.hasOwn(variableByFlag, name) ? variableByFlag[name] : undefined
    if (name === "envoyReadiness") {
      isReadiness = attached === undefined || !falseWords.has(attached)
    } else if (variable === undefined) {
      rest.push(longFlagBehindOneDash.test(word) ? `-${word}` : word)
    } else if (attached === undefined && i + 1 < words.length) {
      i += 1
      environment[variable] = words[i] ?? ""
    } else if (attached === undefined) {
      rest.push(`--${name}`)
    } else {
      environment[variable] = attached
    }
  }
  return { words: isReadiness && rest[0] !== "ready" ? ["ready", ...rest] : rest, environment }
}

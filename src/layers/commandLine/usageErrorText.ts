import { Option } from "effect"
import type * as CliError from "effect/cli/CliError"
import type { FlagDoc, HelpDoc } from "effect/cli/HelpDoc"
import { quoted } from "./printable.ts"
import { similarNames } from "./similarNames.ts"

/** The command line that is wrong, as effect/cli has understood it. */
export interface WrongInvocation {
  /** The command that was found, `["appnet-agent", "status"]`. */
  readonly commandPath: ReadonlyArray<string>
  /** The help of that command. */
  readonly helpDoc: HelpDoc
}

const orList = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`

const asFlag = (name: string) => `--${name}`

/** Something that a mistyped word may mean. */
interface Candidate {
  readonly name: string
  /** As it is written on a command line. */
  readonly word: string
}

const commandsOf = ({ subcommands = [] }: HelpDoc): ReadonlyArray<Candidate> =>
  subcommands.flatMap(({ commands }) => commands.map(({ name }) => ({ name, word: name })))

const flagsOf = (flags: ReadonlyArray<FlagDoc> = []): ReadonlyArray<Candidate> =>
  flags.map(({ name }) => ({ name, word: asFlag(name) }))

const similarWords = (name: string, candidates: ReadonlyArray<Candidate>): ReadonlyArray<string> => {
  const names = similarNames(name, [...new Set(candidates.map((candidate) => candidate.name))])
  return candidates.filter((candidate) => names.includes(candidate.name)).map(({ word }) => `"${word}"`)
}

const suggestion = (words: ReadonlyArray<string>) => `did you mean ${orList(words)}?`

const unknownCommand = (word: string, { helpDoc }: WrongInvocation): string => {
  const commands = similarWords(word, commandsOf(helpDoc))
  const similar = commands.length > 0 ? commands : similarWords(word, flagsOf(helpDoc.globalFlags))
  return `unknown command ${quoted(word)}${similar.length > 0 ? `: ${suggestion(similar)}` : ""}`
}

const unknownFlag = (error: CliError.UnrecognizedOption, { commandPath, helpDoc }: WrongInvocation): string => {
  const { command = commandPath, option } = error
  const name = option.replace(/^-+/, "")
  const isBeforeCommand = command.length < commandPath.length
  if (isBeforeCommand && helpDoc.flags.some((flag) => flag.name === name)) {
    return `flag ${quoted(option)} belongs after the command: ${commandPath.join(" ")} ${option}`
  }
  const flags = flagsOf(helpDoc.flags)
  const similar = similarWords(name, [...flags, ...flagsOf(helpDoc.globalFlags), ...commandsOf(helpDoc)])
  if (similar.length > 0) return `unknown flag ${quoted(option)}: ${suggestion(similar)}`
  if (command.length === 1) return `unknown flag ${quoted(option)}: the flags of a command go after the command`
  const allowed = flags.length === 0 ? "no flags" : flags.map(({ word }) => word).join(", ")
  return `unknown flag ${quoted(option)}: "${command.slice(1).join(" ")}" takes ${allowed}`
}

const unquoted = (word: string) => word.replace(/^"(.*)"$/, "$1")

/** What effect/cli expects: `"a" | "b"` for a list of words, or a description. */
const allowedText = (expected: string): string => {
  const words = expected
    .replace(/^Expected:? /, "")
    .split(" | ")
    .map(unquoted)
  return words.length === 1 ? words.join("") : `one of ${words.join(", ")}`
}

const invalidValue = ({ expected, kind, option, value }: CliError.InvalidValue): string => {
  const place = kind === "flag" ? asFlag(option) : `<${option}>`
  if (expected === "at most 1 value") return `flag "${place}" is given more than once`
  const subject = kind === "flag" ? `flag "${place}"` : place
  if (value === "") return `${subject} needs a value: ${allowedText(expected)}`
  return `invalid value ${quoted(value)} for ${place}: expected ${allowedText(expected)}`
}

const missingArgument = (argument: string, { helpDoc: { args = [] } }: WrongInvocation): string => {
  const description = Option.fromUndefinedOr(args.find(({ name }) => name === argument)).pipe(
    Option.flatMap(({ description }) => description)
  )
  return `missing argument <${argument}>${Option.match(description, { onNone: () => "", onSome: (text) => `: ${text}` })}`
}

/** One line that says what is wrong with a command line and, as far as that can be told, what to write instead. */
export const usageErrorText = (error: CliError.NonShowHelpErrors, invocation: WrongInvocation): string => {
  switch (error._tag) {
    case "UnknownSubcommand":
      return unknownCommand(error.subcommand, invocation)
    case "UnrecognizedOption":
      return unknownFlag(error, invocation)
    case "InvalidValue":
      return invalidValue(error)
    case "MissingOption":
      return `missing flag "--${error.option}"`
    case "MissingArgument":
      return missingArgument(error.argument, invocation)
    case "UnexpectedArgument":
      return `unexpected argument ${error.arguments.map(quoted).join(", ")}; usage: ${invocation.helpDoc.usage}`
    default:
      return error.message
  }
}

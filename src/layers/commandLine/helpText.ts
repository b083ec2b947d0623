import { Context, Option } from "effect"
import type { FlagDoc, HelpDoc } from "effect/cli/HelpDoc"
import { settingsTable } from "../../services/Settings.ts"
import { CommandDetails, documents } from "./CommandDetails.ts"
import { wrap } from "./columns.ts"

const width = 80
const indent = "  "
/** Descriptions begin here at the latest; a longer name stands on a line of its own. */
const widestName = 32

type Row = readonly [name: string, description: string]

const rowsText = (rows: ReadonlyArray<Row>): string => {
  const names = rows.map(([name]) => name.length).filter((length) => length <= widestName)
  const column = indent.length + Math.max(0, ...names) + 2
  return rows
    .map(([name, description]) => {
      const [first = "", ...others] = wrap(description, width - column)
      const head = `${indent}${name}`.padEnd(column)
      const lines = head.length > column ? [head, first, ...others] : [head + first, ...others]
      return lines.map((line, i) => (i === 0 ? line : " ".repeat(column) + line)).join("\n")
    })
    .join("\n")
}

const paragraph = (text: string, prefix = ""): string =>
  text
    .split("\n")
    .flatMap((line) => wrap(line, width - prefix.length))
    .map((line) => (prefix + line).trimEnd())
    .join("\n")

const flagRow = ({ aliases, description, name, type }: FlagDoc): Row => [
  `${[...aliases, `--${name}`].join(", ")}${type === "boolean" ? "" : ` <${type}>`}`,
  Option.getOrElse(description, () => "")
]

const argumentRows = ({ args = [] }: HelpDoc): ReadonlyArray<Row> =>
  args.map(({ description, name }) => [`<${name}>`, Option.getOrElse(description, () => "")])

const commandRows = ({ subcommands = [] }: HelpDoc): ReadonlyArray<Row> =>
  subcommands.flatMap(({ commands }) =>
    commands.map(({ description, name, shortDescription = description }): Row => [name, shortDescription])
  )

const exampleText = ({ examples = [] }: HelpDoc): string =>
  examples
    .map(
      ({ command, description }) =>
        `${description === undefined ? "" : `${indent}# ${description}\n`}${indent}${command}`
    )
    .join("\n")

const variablesText = ({ variables, variablesNote }: CommandDetails["Service"]): string => {
  const rows = rowsText(variables.map((name): Row => [name, settingsTable[name].description]))
  return [rows, paragraph(variablesNote, indent)].filter((text) => text !== "").join("\n\n")
}

const usageText = ({ flags, subcommands, usage }: HelpDoc): string => {
  if (subcommands !== undefined) return usage.replace("<subcommand>", "[command]")
  return flags.length === 0 ? usage.replace(" [flags]", "") : usage
}

/**
 * The help of a command in 80 columns, without a newline at its end. Global flags are listed for the root command alone.
 * `heading` may style a heading for a terminal.
 */
export const helpText = (doc: HelpDoc, heading: (title: string) => string = (title) => title): string => {
  const isRoot = doc.subcommands !== undefined
  const flags = isRoot ? [...doc.flags, ...(doc.globalFlags ?? [])] : doc.flags
  const details = Context.getOption(doc.annotations, CommandDetails)
  const detailed = (text: (details: CommandDetails["Service"]) => string) =>
    Option.match(details, { onNone: () => "", onSome: text })

  const sections: ReadonlyArray<readonly [title: string, text: string]> = [
    ["USAGE", `${indent}${usageText(doc)}`],
    ["COMMANDS", rowsText(commandRows(doc))],
    ["ARGUMENTS", rowsText(argumentRows(doc))],
    ["FLAGS", rowsText(flags.map(flagRow))],
    ["ENVIRONMENT VARIABLES", detailed(variablesText)],
    ["EXIT CODES", detailed(({ exitCodes }) => rowsText(Object.entries(exitCodes)))],
    ["EXAMPLES", exampleText(doc)],
    [
      "READ ON (files of the npm package)",
      detailed((found) => rowsText(found.documents.map((path): Row => [path, documents[path]])))
    ]
  ]
  const shown = sections.filter(([, text]) => text !== "").map(([title, text]) => `${heading(title)}\n${text}`)
  return [paragraph(doc.description), ...shown].join("\n\n")
}

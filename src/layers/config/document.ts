import { type SettingName, settingsTable } from "../../services/Settings.ts"
import { type Setting, showDuration } from "../../services/settingKinds.ts"
import { settingNames } from "./decode.ts"

const table: { readonly [K in SettingName]: Setting<unknown> } = settingsTable

const code = (text: string) => `\`${text}\``

const showDefault = ({ default: value, defaultText, unit }: Setting<unknown>): string => {
  if (defaultText !== undefined) return defaultText
  if (value === undefined) return "not set"
  return code(unit === "duration" && typeof value === "number" ? showDuration(value) : `${value}`)
}

const policies = { error: "the agent does not start", clamp: "the nearest bound", fallback: "the default" } as const

const cells = (words: ReadonlyArray<string>) => `| ${words.map((word) => word.replaceAll("|", "\\|")).join(" | ")} |`

const line = (name: SettingName): string => {
  const row = table[name]
  const consequence = row.allowed === "any text" ? "-" : policies[row.policy]
  const about = row.secret ? `${row.description}. Never shown` : row.description
  return cells([code(name), showDefault(row), row.allowed, consequence, row.modes.join(", "), about])
}

const section = (group: string): string =>
  [
    `## ${group}`,
    "",
    cells(["Variable", "Default", "Allowed", "Otherwise", "Modes", "What it does"]),
    cells(["---", "---", "---", "---", "---", "---"]),
    ...settingNames.filter((name) => table[name].group === group).map(line)
  ].join("\n")

const introduction = `# Settings

<!-- Written by \`npm run docs\` from src/services/Settings.ts: change it there. -->

The agent is configured by environment variables. \`appnet-agent config\` prints the values in force and where each came
from.

- Values are trimmed, and an empty one counts as not set. Words are read in any case.
- A boolean is one of 1, t, T, TRUE, true, True, 0, f, F, FALSE, false, False.
- A duration is a number with a unit (ns, us, ms, s, m, h), or several of them.
- A value that the bootstrap cannot do with ends the start. All of them are named at once, each with its value and what is
  allowed.
- A number outside its range becomes the nearest bound, and one that cannot be read becomes the default. Both are
  warned about.
- A variable that begins with APPNET_, ENVOY_ or APPMESH_ and is not listed here is warned about, with the nearest name
  that is.`

/** The text of docs/settings.md. */
export const settingsDocument = (): string => {
  const groups = [...new Set(settingNames.map((name) => table[name].group))]
  return `${[introduction, ...groups.map(section)].join("\n\n")}\n`
}

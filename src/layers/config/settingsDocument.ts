import { formatDuration } from "../../services/goDuration.ts"
import type { Setting } from "../../services/Setting.ts"
import { type SettingName, settingsTable } from "../../services/Settings.ts"
import { settingNames } from "./decode.ts"

const table: { readonly [K in SettingName]: Setting<unknown> } = settingsTable

const code = (text: string) => `\`${text}\``

const defaultCell = ({ default: value, defaultText, unit }: Setting<unknown>): string => {
  if (defaultText !== undefined) return defaultText
  if (value === undefined) return "not set"
  return code(unit === "duration" && typeof value === "number" ? formatDuration(value) : `${value}`)
}

const policyTexts = { error: "the agent does not start", clamp: "the nearest bound", fallback: "the default" } as const

const tableRow = (cells: ReadonlyArray<string>) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`

const settingRow = (name: SettingName): string => {
  const row = table[name]
  const otherwise = row.allowed === "any text" ? "-" : policyTexts[row.policy]
  const description = row.secret ? `${row.description}. Never shown` : row.description
  return tableRow([code(name), defaultCell(row), row.allowed, otherwise, row.modes.join(", "), description])
}

const chapter = (group: string): string =>
  [
    `## ${group}`,
    "",
    tableRow(["Variable", "Default", "Allowed", "Otherwise", "Modes", "What it does"]),
    tableRow(["---", "---", "---", "---", "---", "---"]),
    ...settingNames.filter((name) => table[name].group === group).map(settingRow)
  ].join("\n")

const introduction = `# Settings

<!-- Written by \`npm run docs\` from src/services/Settings.ts: change it there. -->

The agent is configured by environment variables. \`appnet-agent config\` prints the values in force and where each came
from.

- Values are trimmed. An empty value counts as not set. Enumerated values are read in any case.
- A boolean is one of 1, t, T, TRUE, true, True, 0, f, F, FALSE, false, False.
- A duration is a number with a unit (ns, us, ms, s, m, h), or several of them.
- A value that would make the bootstrap wrong is an error, and the agent does not start. All errors are reported at once,
  each with its variable, its value and what is allowed, together with what is wrong with files and ports.
- A bad value of something that is not used, like the port of a tracer that is off, is a warning.
- A number or boolean that only the agent uses, like an interval or a count, becomes the nearest bound if it is outside its
  range, and the default if it cannot be read. Both are warnings.
- A variable that begins with APPNET_, ENVOY_, APPMESH_, HC_ or LISTENER_DRAIN_ and is not listed here is a warning, with the
  nearest name that is listed. Variables that Kubernetes sets for a Service, like ENVOY_SERVICE_HOST, are not.`

/** The text of docs/settings.md: a chapter for each group, a row for each setting. */
export const settingsDocument = (): string => {
  const groups = [...new Set(settingNames.map((name) => table[name].group))]
  return `${[introduction, ...groups.map(chapter)].join("\n\n")}\n`
}

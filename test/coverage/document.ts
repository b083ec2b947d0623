import { settingNames } from "../../src/layers/config/decode.ts"
import { settingsTable } from "../../src/services/Settings.ts"
import { shownByCases } from "../parity/shown.ts"
import type { Claim } from "./collect.ts"
import { chapters } from "./rules.ts"

/** The settings and rules that no test claims. */
export const unshown = (claims: ReadonlyArray<Claim>): ReadonlyArray<string> => {
  const shown = new Set([...claims.flatMap(({ what }) => what), ...Object.keys(shownByCases)])
  const all = [...settingNames, ...Object.values(chapters).flatMap((rules) => Object.keys(rules))]
  return all.filter((name) => !shown.has(name))
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;")

const recorded: Readonly<Record<string, ReadonlyArray<string>>> = shownByCases

/** The tests and recorded cases that show a setting or rule, one line for each test file. */
const testsOf = (name: string, claims: ReadonlyArray<Claim>): string => {
  const found = claims.filter(({ what }) => what.includes(name))
  const lines = [...Map.groupBy(found, ({ file }) => file)].map(
    ([file, tests]) =>
      `[${file.replace(/^test\/|\.test\.ts$/g, "")}](../${file}): ${tests.map(({ test }) => cell(test)).join("; ")}`
  )
  const files = (recorded[name] ?? []).map((file) => `[${file}](../test/parity/cases/${file}.json)`)
  if (files.length > 0) lines.push(`recorded cases: ${files.join(", ")}`)
  return lines.length > 0 ? lines.join("<br>") : "not yet"
}

const table = (head: string, rows: ReadonlyArray<readonly [what: string, tests: string]>) =>
  [`| ${head} | Shown by |`, "| --- | --- |", ...rows.map(([what, tests]) => `| ${what} | ${tests} |`)].join("\n")

const introduction = `# What the tests show

<!-- Written by \`npm run docs\` from the claims in the tests: change it there. -->

Every setting and every rule of the documented behaviour, with the tests that show its effect. Each test claims what it
shows in its own source (\`shows("ENVOY_LOG_LEVEL")\`). Another test fails if a setting or rule has no claim, or if a test
claims a setting that its source does not use. A recorded case shows a setting if its bootstrap or its command line would
differ without the variable; a test tries this too.`

/** The text of docs/coverage.md. */
export const coverageDocument = (claims: ReadonlyArray<Claim>): string => {
  const groups = Map.groupBy(settingNames, (name) => settingsTable[name].group)
  const settings = [...groups].map(
    ([group, names]) =>
      `### ${group}\n\n${table(
        "Setting",
        names.map((name) => [`\`${name}\``, testsOf(name, claims)])
      )}`
  )
  const rules = Object.entries(chapters).map(
    ([chapter, rules]) =>
      `### ${chapter}\n\n${table(
        "What holds",
        Object.entries(rules).map(([name, words]) => [cell(words), testsOf(name, claims)])
      )}`
  )
  return `${[introduction, "## Settings", ...settings, "## Behaviour", ...rules].join("\n\n")}\n`
}

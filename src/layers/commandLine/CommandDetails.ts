import { Context } from "effect"
import type { SettingName } from "../../services/Settings.ts"

/** The pages that the npm package ships, and what each is about. */
export const documents = {
  "docs/settings.md": "every variable: default, allowed values, meaning",
  "docs/bootstrap.md": "where Envoy's configuration comes from",
  "docs/management-api.md": "the API of the running agent",
  "docs/relay.md": "relay mode and local relay mode",
  "docs/migrating.md": "moving from the Go agent: how, and what is different"
} as const

export type DocumentPath = keyof typeof documents

/** What the help of a command says beyond its description, arguments and flags. */
export class CommandDetails extends Context.Service<
  CommandDetails,
  {
    /** The variables that decide what the command does; of a command that reads every setting, the first to know. */
    readonly variables: ReadonlyArray<SettingName>
    /** A sentence after them. */
    readonly variablesNote: string
    /** What each exit code means. */
    readonly exitCodes: Readonly<Record<string, string>>
    /** Where to read on. */
    readonly documents: ReadonlyArray<DocumentPath>
  }
>()("agent/CommandDetails") {}

/** The note of a command that reads every setting. */
export const everySetting = "Every other setting counts too: `appnet-agent config` prints all of them."

/** `command` after assignments of variables, as a shell takes it. */
export const withVariables = (variables: Partial<Readonly<Record<SettingName, string>>>, command: string): string =>
  [...Object.entries(variables).map(([name, value]) => `${name}=${value}`), command].join(" ")

import type { Option } from "effect"
import type { Shell } from "effect/cli/Completions"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import type { SettingName } from "../../services/Settings.ts"
import { switchFlag } from "./switchFlag.ts"

const help = GlobalFlag.Action({
  flag: switchFlag("help", "Show help; after a command, its flags and variables").pipe(Flag.withAlias("h")),
  run: GlobalFlag.Help.run
})

const version = GlobalFlag.Action({
  flag: switchFlag("version", "Show the version").pipe(Flag.withAlias("v")),
  run: GlobalFlag.Version.run
})

const completions = GlobalFlag.Action<Option.Option<Shell>>({
  flag: Flag.Literals("completions", ["bash", "zsh", "fish"]).pipe(
    Flag.withMetavar("shell"),
    Flag.withDescription("Print a completion script"),
    Flag.optional
  ),
  run: GlobalFlag.Completions.run
})

/**
 * The flags of effect/cli that the agent has. `--log-level` is left out, since it would set the level of a command's own
 * log and is easily taken for the command `log-level`.
 */
export const builtInFlags: ReadonlyArray<GlobalFlag.BuiltIn> = [help, version, completions]

const settingFlag = (name: string, metavar: string, setting: SettingName) =>
  GlobalFlag.Setting(name)({
    flag: Flag.String(name).pipe(
      Flag.withMetavar(metavar),
      Flag.withDescription(`Of the Go agent: sets ${setting}`),
      Flag.optional
    )
  })

/**
 * The Go agent's flags, for help and error messages alone: `readLegacyFlags` has taken them out of the words by now, except
 * for one that lacks its value.
 */
export const goAgentFlags = [
  settingFlag("logLevel", "level", "ENVOY_LOG_LEVEL"),
  settingFlag("envoyConfigPath", "file", "ENVOY_CONFIG_FILE"),
  GlobalFlag.Setting("envoyReadiness")({
    flag: switchFlag("envoyReadiness", "Of the Go agent: same as the command ready")
  })
] as const

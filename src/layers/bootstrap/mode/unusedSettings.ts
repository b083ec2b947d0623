import type { SettingInForce } from "../../../services/Config.ts"
import type { Mode } from "../../../services/Setting.ts"
import { settingsTable } from "../../../services/Settings.ts"

/**
 * A warning for each variable that was set to another value than its default but has no effect in the `active` modes:
 * the agent's mode, and local relay mode if there is a local relay.
 */
export const unusedSettings = (
  active: readonly [Mode, ...ReadonlyArray<Mode>],
  inForce: ReadonlyArray<SettingInForce>
): ReadonlyArray<string> =>
  inForce.flatMap(({ name, source, value }) => {
    const { default: defaultValue, modes } = settingsTable[name]
    const isUsed = modes.some((mode) => mode === "all" || active.includes(mode))
    if (isUsed || source === "default" || value === (defaultValue ?? null)) return []
    const belongsTo = modes.join(", ").replace(/, ([^,]*)$/, " and $1")
    return [`${name} has no effect in ${active[0]} mode: it belongs to ${belongsTo} mode`]
  })

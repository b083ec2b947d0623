import type { SettingName } from "../src/services/Settings.ts"
import type { RuleName } from "./coverage/rules.ts"

/** Something documented that a test can show: a setting, or a rule of the agent's behaviour. */
export type Shown = SettingName | RuleName

/**
 * Called in a test: says what the test shows. It does nothing when the test runs; `npm run docs` collects all claims from
 * the sources into docs/coverage.md.
 */
export const shows = (..._what: readonly [Shown, ...ReadonlyArray<Shown>]): void => {}

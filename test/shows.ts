import type { SettingName } from "../src/services/Settings.ts"
import type { RuleName } from "./coverage/rules.ts"

/** What a test can show: a setting, or a rule of the documented behaviour. */
export type Shown = SettingName | RuleName

/**
 * Claims, in a test, what the test shows. It does nothing at run time: `npm run docs` collects the claims from the sources of
 * the tests into docs/coverage.md.
 */
export const shows = (..._what: readonly [Shown, ...ReadonlyArray<Shown>]): void => {}

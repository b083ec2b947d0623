import type { Shown } from "../shows.ts"

/** Settings and rules that no test shows yet, in the order of the page. Empty except while something is being built. */
export const pending: ReadonlyArray<Shown> = []

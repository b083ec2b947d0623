import type { Shown } from "../shows.ts"

/** What no test shows yet, in the order of the page: empty, but while something is being built. */
export const pending: ReadonlyArray<Shown> = []

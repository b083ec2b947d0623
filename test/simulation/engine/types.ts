/** Simulated time. All of the world and Effect's clock hang on it. */
export interface Timeline {
  /** Monotonic milliseconds since the story began (may have fractions). */
  readonly now: () => number
  /** Runs `action` after `delay` ms; of equal times, first come first run. Answers a function that cancels it. */
  readonly after: (delay: number, action: () => void) => () => void
}
/** Seeded randomness; `fork(name)` gives an independent stream, so that one part's use does not shift another's. */
export interface Randomness {
  readonly next: () => number // [0, 1)
  readonly integer: (minimum: number, maximum: number) => number // both ends included
  readonly pick: <A>(choices: ReadonlyArray<A>) => A
  readonly chance: (probability: number) => boolean
  readonly fork: (name: string) => Randomness
}

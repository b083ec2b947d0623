import { Effect } from "effect"

/** Waits in real time until a condition holds; the test's time-out ends it. */
export const until = (condition: () => boolean) =>
  Effect.callback<void>((resume) => {
    const timer = setInterval(() => condition() && resume(Effect.void), 2)
    return Effect.sync(() => clearInterval(timer))
  })

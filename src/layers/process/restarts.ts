import { Duration, Effect, Schedule } from "effect"

const maxDelay = Duration.seconds(5)

/** Allows `count` restarts: the first at once, the next after 100 ms, then twice as long each time, up to 5 s. */
export const restartSchedule = (count: number) =>
  Schedule.exponential("50 millis").pipe(
    Schedule.modifyDelay(({ attempt, duration }) =>
      Effect.succeed(attempt === 1 ? Duration.zero : Duration.min(duration, maxDelay))
    ),
    Schedule.upTo({ times: count })
  )

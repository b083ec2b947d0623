import { Duration, Effect, Schedule } from "effect"

const longest = Duration.seconds(5)

/** The first restart at once, then after 100, 200, 400 ms ... up to 5 s; `count` restarts in all. */
export const restartSchedule = (count: number) =>
  Schedule.exponential("50 millis").pipe(
    Schedule.modifyDelay(({ attempt, duration }) =>
      Effect.succeed(attempt === 1 ? Duration.zero : Duration.min(duration, longest))
    ),
    Schedule.upTo({ times: count })
  )

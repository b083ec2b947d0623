import {
  Clock,
  Duration,
  Effect,
  Fiber,
  FiberHandle,
  Layer,
  Option,
  Ref,
  Schedule,
  Schema,
  Semaphore,
  Stream
} from "effect"
import { AdminClient, AdminError } from "../../services/AdminClient.ts"
import { Config } from "../../services/Config.ts"
import { ConfiguredLogLevel } from "../../services/ConfiguredLogLevel.ts"
import { EnvoyProcess } from "../../services/EnvoyProcess.ts"
import { type LevelChange, LogLevel, LogLevels, type ReportedLogLevel } from "../../services/LogLevels.ts"
import { duringLife, hasEnded, isStopping } from "./oneLife.ts"
import { timestamp } from "./timestamp.ts"

const endpoint = "/logging"

/** What is known of one start of Envoy. */
interface LevelState {
  readonly epoch: number
  /** Unknown where Envoy did not answer: it may have changed its level, or may do so at any time. */
  readonly current: ReportedLogLevel
  /** When the pending reset is due, in monotonic nanoseconds. */
  readonly resetDue: Option.Option<bigint>
}

const isLogLevel = Schema.is(LogLevel)

const describeLevels = (levels: ReadonlyArray<string>): ReportedLogLevel => {
  const [level, ...others] = levels
  if (others.length > 0) return "mixed"
  return isLogLevel(level) ? level : "unknown"
}

const resetRetries = Schedule.spaced("1 second")

/** How long a change lasts, in words. */
export const describeDuration = ({ isStopping, reset }: Pick<LevelChange, "isStopping" | "reset">): string => {
  const duration = Option.match(reset, {
    onNone: () => "until it is set again",
    onSome: ({ at, to }) => `until ${timestamp(at)}, when it is reset to [${to}]`
  })
  return isStopping ? `until Envoy ends, which the agent is stopping, or ${duration}` : duration
}

export const LogLevelsLive = Layer.effect(
  LogLevels,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const admin = yield* AdminClient
    const configuredLevel = yield* ConfiguredLogLevel
    const envoy = yield* EnvoyProcess
    const scope = yield* Effect.scope
    const epochNow = Effect.map(envoy.state, ({ epoch }) => epoch)
    const resetAfter = Duration.seconds(settings.APPNET_AGENT_LOGGING_RESET_TIMEOUT)

    /** A start of Envoy has the configured level on its command line. */
    const atStart = Effect.fnUntraced(function* (epoch: number) {
      const { level } = yield* configuredLevel.current
      return { epoch, current: level, resetDue: Option.none() } satisfies LevelState
    })
    const state = yield* Ref.make<LevelState>(yield* atStart(yield* epochNow))
    /** Held while a level is read, sent to Envoy and recorded, so that two changes cannot mix. */
    const oneAtATime = yield* Semaphore.make(1)
    const pendingReset = yield* FiberHandle.make<void, never>()

    /** Changes what is known of an epoch, if it is still the one that the state is about. */
    const record = (epoch: number, change: Partial<Omit<LevelState, "epoch">>) =>
      Ref.update(state, (known) => (known.epoch === epoch ? { ...known, ...change } : known))

    /** Sends a level to the Envoy of an epoch, and to no other. */
    const apply = (level: LogLevel, epoch: number) =>
      admin.setLogLevel(level).pipe(
        duringLife(envoy, epoch, endpoint),
        Effect.tap(() => record(epoch, { current: level })),
        Effect.tapError((error) => (error.mayHaveActed ? record(epoch, { current: "unknown" }) : Effect.void))
      )

    /** Returns to the configured level, unless Envoy has ended. Tries each second until Envoy accepts it. */
    const reset = (epoch: number) =>
      Effect.gen(function* () {
        const { level } = yield* configuredLevel.current
        yield* apply(level, epoch)
        yield* record(epoch, { resetDue: Option.none() })
        yield* Effect.logInfo(`Envoy's log level is ${level} again`)
      }).pipe(
        oneAtATime.withPermit,
        Effect.tapError(({ message }) => Effect.logDebug(`the log level is not reset, next try in 1 s: ${message}`)),
        Effect.retry({ schedule: resetRetries, while: () => Effect.map(envoy.state, (now) => !hasEnded(epoch, now)) }),
        // Only an Envoy that has ended is left, and the next one begins anew.
        Effect.ignore
      )

    const cancelReset = (epoch: number) =>
      Effect.andThen(FiberHandle.clear(pendingReset), record(epoch, { resetDue: Option.none() }))

    /** Replaces the pending reset. Succeeds with what it will do. */
    const scheduleReset = Effect.fnUntraced(function* (epoch: number) {
      const due = (yield* Clock.monotonicTimeNanos) + Duration.toNanosUnsafe(resetAfter)
      yield* FiberHandle.run(pendingReset, Effect.delay(reset(epoch), resetAfter))
      yield* record(epoch, { resetDue: Option.some(due) })
      const { level } = yield* configuredLevel.current
      return { to: level, at: (yield* Clock.currentTimeMillis) + Duration.toMillis(resetAfter) }
    })

    /** The state of the Envoy that runs now. The first caller after a restart moves the state to the new epoch. */
    const currentState = Effect.gen(function* () {
      const epoch = yield* epochNow
      const fresh = yield* atStart(epoch)
      const { isNewEpoch, levels } = yield* Ref.modify(state, (known) => {
        const levels = known.epoch === epoch ? known : fresh
        return [{ isNewEpoch: known.epoch !== epoch, levels }, levels]
      })
      if (isNewEpoch) {
        yield* FiberHandle.clear(pendingReset)
        yield* Effect.logDebug(`Envoy was restarted: its log level is ${levels.current}`)
      }
      return levels
    })

    /** The level that Envoy has: whoever reaches its admin may have changed it. */
    const askForLevel = Effect.fn("LogLevels.askForLevel")(function* ({ current, epoch }: LevelState) {
      // What Envoy has not answered it may still carry out, whatever it has now.
      if (current === "unknown") return current
      const found = yield* admin.logLevels.pipe(
        duringLife(envoy, epoch, endpoint),
        Effect.map(describeLevels),
        Effect.tapError(({ message }) => Effect.logDebug(`the log level that Envoy has is unknown: ${message}`)),
        Effect.orElseSucceed(() => "unknown" as const)
      )
      if (found === current || found === "unknown") return found
      yield* record(epoch, { current: found })
      yield* Effect.logInfo(`Envoy's log level was changed from [${current}] to [${found}], but not by the agent`)
      return found
    })

    const change = Effect.fn("LogLevels.set")(function* (to: LogLevel, permanent: boolean, requester: string) {
      const known = yield* currentState
      const { epoch } = known
      const from = yield* askForLevel(known)
      const { level: configured, starts } = yield* configuredLevel.current
      const changed = from !== to
      const ended = () => new AdminError({ endpoint, reason: "unreachable", detail: "Envoy has ended" })

      if (changed) {
        yield* Effect.catch(apply(to, epoch), (error) =>
          Effect.gen(function* () {
            const envoyNow = yield* envoy.state
            if (!error.mayHaveActed || hasEnded(epoch, envoyNow)) return yield* error
            const reset = yield* scheduleReset(epoch)
            const unknown = `Envoy's log level is unknown ${describeDuration({ reset: Option.some(reset), isStopping: isStopping(envoyNow) })}`
            yield* Effect.logWarning(`${unknown}: level [${to}], requested by ${requester}, has no answer`)
            return yield* new AdminError({ ...error, detail: `${error.detail}; ${unknown}` })
          })
        )
      }
      if (permanent && !(yield* configuredLevel.move(to, starts))) return yield* ended()

      const isConfigured = permanent || to === configured
      if (isConfigured) yield* cancelReset(epoch)
      const scheduled = !isConfigured && changed ? Option.some(yield* scheduleReset(epoch)) : Option.none()
      const result: LevelChange = { from, to, changed, reset: scheduled, isStopping: isStopping(yield* envoy.state) }
      if (changed || permanent) {
        yield* Effect.logInfo(
          `Envoy's log level is set from [${from}] to [${to}], requested by ${requester}, ${describeDuration(result)}`
        )
      }
      return result
    }, oneAtATime.withPermit)

    const report = Effect.gen(function* () {
      const known = yield* Ref.get(state)
      const epoch = yield* epochNow
      const { current, resetDue } = known.epoch === epoch ? known : yield* atStart(epoch)
      const wallClock = yield* Clock.currentTimeMillis
      const now = yield* Clock.monotonicTimeNanos
      return { level: current, resetsAt: Option.map(resetDue, (due) => wallClock + Number(due - now) / 1e6) }
    })

    yield* envoy.changes.pipe(
      Stream.runForEach(() => oneAtATime.withPermit(currentState)),
      Effect.forkScoped
    )

    return LogLevels.of({
      report,
      // In a fiber of the layer: a client that goes away must not leave a level in force without its reset.
      set: (level, permanent, requester) =>
        Effect.flatMap(Effect.forkIn(change(level, permanent, requester), scope), Fiber.join)
    })
  })
)

import type { Timeline } from "../engine/types.ts"

/** Envoy's main thread: it does one thing after another, and nothing while the process is stopped. */
export interface MainThread {
  /** Runs an action as soon as the thread is free. */
  readonly run: (action: () => void) => void
  /** The same after a delay. Answers a function that cancels it. */
  readonly after: (delay: number, action: () => void) => () => void
  /** What runs now takes so long: everything else waits. */
  readonly spend: (duration: number) => void
  readonly stop: () => void
  readonly resume: () => void
  readonly isStopped: () => boolean
  /** Drops everything that waits. */
  readonly end: () => void
}

export const makeMainThread = (timeline: Timeline): MainThread => {
  const waiting: Array<() => void> = []
  const timers = new Set<() => void>()
  let busyUntil = 0
  let isStopped = false
  let hasEnded = false
  let cancelWake: (() => void) | undefined

  const drain = () => {
    while (waiting.length > 0 && !isStopped && !hasEnded) {
      const delay = busyUntil - timeline.now()
      if (delay > 0) {
        cancelWake ??= timeline.after(delay, () => {
          cancelWake = undefined
          drain()
        })
        return
      }
      waiting.shift()?.()
    }
  }

  const run = (action: () => void) => {
    if (hasEnded) return
    if (waiting.length === 0 && !isStopped && timeline.now() >= busyUntil) return action()
    waiting.push(action)
    drain()
  }

  return {
    run,
    after: (delay, action) => {
      let isCancelled = false
      const cancelTimer = timeline.after(delay, () => {
        timers.delete(cancelTimer)
        run(() => {
          if (!isCancelled) action()
        })
      })
      timers.add(cancelTimer)
      return () => {
        isCancelled = true
        timers.delete(cancelTimer)
        cancelTimer()
      }
    },
    spend: (duration) => {
      busyUntil = Math.max(busyUntil, timeline.now()) + duration
    },
    stop: () => {
      isStopped = true
    },
    resume: () => {
      isStopped = false
      drain()
    },
    isStopped: () => isStopped,
    end: () => {
      hasEnded = true
      waiting.length = 0
      for (const cancel of timers) cancel()
      timers.clear()
      cancelWake?.()
    }
  }
}

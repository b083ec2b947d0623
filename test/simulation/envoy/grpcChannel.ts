import type { Randomness } from "../engine/types.ts"
import type { ControlPlane } from "./ControlPlane.ts"
import type { MainThread } from "./mainThread.ts"

/**
 * The connection of gRPC's library. It connects when a call needs it, and again by itself after a failure, each time after a
 * longer pause; until it succeeds, calls fail at once.
 */
export interface GrpcChannel {
  /** Calls back with whether there is a connection: at once, or when an attempt that is under way has ended. */
  readonly call: (answer: (isConnected: boolean) => void) => () => void
  readonly isConnected: () => boolean
  /** The other side has closed the connection: the next call makes one. */
  readonly disconnected: () => void
  readonly close: () => void
}

/** How long an attempt may take. */
const connectTimeout = 20_000
const growth = 1.6
const jitter = 0.2

export const makeGrpcChannel = ({
  controlPlane,
  firstReconnect,
  longestReconnect,
  random,
  thread
}: {
  readonly controlPlane: ControlPlane
  readonly firstReconnect: number
  readonly longestReconnect: number
  readonly random: Randomness
  readonly thread: MainThread
}): GrpcChannel => {
  let state: "idle" | "connecting" | "ready" | "failed" = "idle"
  let pause = firstReconnect
  let startedAt = 0
  let hasFailed = false
  let calls: Array<(isConnected: boolean) => void> = []
  const cancels = new Set<() => void>()

  const later = (delay: number, action: () => void) => {
    const cancel = thread.after(delay, () => {
      cancels.delete(cancel)
      action()
    })
    cancels.add(cancel)
    return cancel
  }

  const finish = (isConnected: boolean) => {
    const waiting = calls
    calls = []
    for (const call of waiting) call(isConnected)
  }

  const succeed = () => {
    state = "ready"
    pause = firstReconnect
    hasFailed = false
    finish(true)
  }

  /** The pause counts from the beginning of the attempt. */
  const fail = (took: number) => {
    state = "failed"
    hasFailed = true
    const spread = 1 + jitter * (2 * random.next() - 1)
    const rest = Math.max(0, pause * spread - took)
    pause = Math.min(longestReconnect, pause * growth)
    finish(false)
    later(rest, connect)
  }

  const connect = () => {
    state = "connecting"
    startedAt += 1
    const attempt = startedAt
    const reachability = controlPlane.reachability()
    if (reachability === "serving")
      later(0.5 + random.next(), () => (controlPlane.reachability() === "serving" ? succeed() : fail(1)))
    else if (reachability === "away") later(0.2 + 0.3 * random.next(), () => fail(0))
    else {
      const cancelTimeout = later(connectTimeout, () => {
        stopWatching()
        if (attempt === startedAt) fail(connectTimeout)
      })
      const stopWatching = controlPlane.onReachability(() => {
        if (attempt !== startedAt || controlPlane.reachability() === "black hole") return
        stopWatching()
        cancelTimeout()
        // What was lost is sent again once it can arrive: within a second or so.
        later(1000 * random.next(), () => (controlPlane.reachability() === "serving" ? succeed() : fail(0)))
      })
      cancels.add(stopWatching)
    }
  }

  return {
    call: (answer) => {
      if (state === "ready") answer(true)
      else if (state === "failed" || (state === "connecting" && hasFailed)) answer(false)
      else {
        calls.push(answer)
        if (state === "idle") connect()
      }
      return () => {
        calls = calls.filter((call) => call !== answer)
      }
    },
    isConnected: () => state === "ready",
    disconnected: () => {
      if (state !== "ready") return
      state = "idle"
    },
    close: () => {
      for (const cancel of cancels) cancel()
      cancels.clear()
    }
  }
}

import type { Randomness, Timeline } from "../engine/types.ts"
import type { AdminReply, AdminRequest } from "./EnvoyModel.ts"
import type { AdminFault } from "./faults.ts"
import type { MainThread } from "./mainThread.ts"

/** Takes requests as long as Envoy listens, and has the main thread answer them one after another. */
export interface AdminServer {
  readonly listen: () => void
  /** The kernel accepts connections before the main thread does. */
  readonly isListening: () => boolean
  readonly request: (request: AdminRequest, reply: (reply: AdminReply) => void) => () => void
  readonly addFault: (fault: AdminFault, matches: (request: AdminRequest) => boolean) => () => void
  readonly answersTake: (duration: number) => void
  /** The process has ended: connections break, and nobody listens. */
  readonly end: () => void
}

const headers = { "content-type": "text/plain; charset=UTF-8", "cache-control": "no-cache, max-age=0" }
/** Milliseconds that an answer is on its way, and that Envoy works on it, at least. */
const shortestWay = 0.2
const work = 0.1
/** Bytes of an answer that Envoy makes in a millisecond. */
const bytesPerMillisecond = 50_000

export const makeAdminServer = ({
  answer,
  random,
  thread,
  timeline
}: {
  readonly answer: (request: AdminRequest) => AdminReply
  readonly random: Randomness
  readonly thread: MainThread
  readonly timeline: Timeline
}): AdminServer => {
  let isListening = false
  let workOfEach = work
  const faults = new Set<{ readonly fault: AdminFault; readonly matches: (request: AdminRequest) => boolean }>()
  const open = new Set<(reply: AdminReply) => void>()

  const faultOf = (request: AdminRequest) => {
    for (const { fault, matches } of faults) if (matches(request)) return fault
    return undefined
  }

  const spoil = (fault: AdminFault | undefined, reply: AdminReply): AdminReply | undefined => {
    if (fault === undefined || reply._tag !== "Answer") return reply
    switch (fault._tag) {
      case "Torn":
        return { _tag: "Torn", status: reply.status, body: reply.body.slice(0, fault.after) }
      case "Replaced":
        return { _tag: "Answer", status: fault.status, body: fault.body }
      case "Silent":
        return undefined
      case "Reset":
        return { _tag: "Reset" }
      default:
        return reply
    }
  }

  return {
    listen: () => {
      isListening = true
    },
    isListening: () => isListening,
    request: (request, reply) => {
      let isOpen = true
      let cancelLast = () => {}
      const finish = (answered: AdminReply) => {
        if (!isOpen) return
        isOpen = false
        open.delete(finish)
        cancelLast()
        reply(answered)
      }
      const later = (delay: number, action: () => void) => {
        cancelLast = timeline.after(delay, action)
      }
      const fault = faultOf(request)
      const way = shortestWay * (1 + random.next())
      if (!isListening || fault?._tag === "Refused") {
        later(way, () => finish({ _tag: "Refused" }))
      } else if (fault?._tag === "Reset" && !fault.isDone) {
        later(way, () => finish({ _tag: "Reset" }))
      } else {
        open.add(finish)
        // Envoy answers what it has received, also where nobody waits for it any more.
        thread.run(() => {
          const made = answer(request)
          const size = made._tag === "Answer" ? made.body.length : 0
          const took = workOfEach + size / bytesPerMillisecond
          thread.spend(took)
          const spoilt = spoil(fault, {
            ...made,
            ...(made._tag === "Answer" ? { headers: { ...headers, ...made.headers } } : {})
          })
          if (spoilt === undefined || !isOpen) return
          later(took + way + (fault?._tag === "Slow" ? fault.delay : 0), () => finish(spoilt))
        })
      }
      return () => {
        isOpen = false
        open.delete(finish)
        cancelLast()
      }
    },
    addFault: (fault, matches) => {
      const entry = { fault, matches }
      faults.add(entry)
      return () => faults.delete(entry)
    },
    answersTake: (duration) => {
      workOfEach = duration
    },
    end: () => {
      isListening = false
      for (const finish of [...open]) finish({ _tag: "Reset" })
    }
  }
}

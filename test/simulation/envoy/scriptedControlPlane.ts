import type { Timeline } from "../engine/types.ts"
import type { ControlPlane, Reachability, StreamClient } from "./ControlPlane.ts"
import { type Kind, kinds, type Resources } from "./resources.ts"

/** The side that a story sees. */
export interface ScriptedControlPlane extends ControlPlane {
  readonly goAway: () => void
  readonly comeBack: () => void
  readonly becomeBlackHole: () => void
  /** Ends every stream with this gRPC status, 14 by default. Who was connected may connect again. */
  readonly endStreams: (status?: number) => void
  /** Refuses each new stream with this gRPC status, as where a client may not have one. */
  readonly refuseStreams: (status: number | undefined) => void
  /** Replaces all resources and sends them. */
  readonly serve: (resources: Resources) => void
  /** While it is silent it accepts streams and requests, but sends nothing. */
  readonly silence: (isSilent: boolean) => void
  /** Sends a rejected update again, so many times a second. */
  readonly repeatRejected: (perSecond: number | undefined) => void
  /** Milliseconds until an answer is sent. */
  readonly delayAnswers: (delay: number) => void
  readonly openStreams: () => number
  /** Rejected updates, those that were repeated not counted. */
  readonly rejections: () => ReadonlyArray<{ readonly kind: Kind; readonly version: string }>
}

interface OpenStream {
  readonly client: StreamClient
  /** The names that were asked for, by kind. */
  readonly subscribed: Map<Kind, ReadonlyArray<string>>
}

const unavailable = 14

export const makeScriptedControlPlane = ({
  resources,
  timeline
}: {
  readonly resources: Resources
  readonly timeline: Timeline
}): ScriptedControlPlane => {
  const streams = new Set<OpenStream>()
  const listeners = new Set<() => void>()
  const rejections: Array<{ readonly kind: Kind; readonly version: string }> = []
  let served = resources
  let version = 1
  let reachability: Reachability = "serving"
  let refusal: number | undefined
  let isSilent = false
  let repeats: number | undefined
  let answerDelay = 0

  const deliver = (stream: OpenStream, action: () => void) => {
    timeline.after(answerDelay, () => {
      if (streams.has(stream)) action()
    })
  }

  const send = (stream: OpenStream, kind: Kind) => {
    const names = stream.subscribed.get(kind)
    if (isSilent || served[kind] === undefined || names === undefined) return
    const sent = { resources: served, version: `${version}` }
    deliver(stream, () => {
      if (!isSilent) stream.client.onUpdate(kind, sent.version, sent.resources, names)
    })
  }

  const end = (status: number) => {
    for (const stream of [...streams]) {
      streams.delete(stream)
      stream.client.onEnd(status)
    }
  }

  const become = (next: Reachability) => {
    reachability = next
    if (next === "away") end(unavailable)
    for (const listener of [...listeners]) listener()
  }

  return {
    reachability: () => reachability,
    onReachability: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    open: (client) => {
      const stream: OpenStream = { client, subscribed: new Map() }
      streams.add(stream)
      const { close } = { close: () => streams.delete(stream) }
      if (refusal !== undefined) {
        const status = refusal
        deliver(stream, () => {
          close()
          client.onEnd(status)
        })
      }
      return {
        request: (kind, names) => {
          const known = stream.subscribed.get(kind)
          stream.subscribed.set(kind, names)
          const isSame = names.length === known?.length && names.every((name) => known.includes(name))
          if (!isSame) send(stream, kind)
        },
        reject: (kind) => {
          rejections.push({ kind, version: `${version}` })
          const perSecond = repeats
          if (perSecond !== undefined) deliver(stream, () => client.onRepeats(kind, perSecond))
        },
        close
      }
    },
    goAway: () => become("away"),
    comeBack: () => become("serving"),
    becomeBlackHole: () => become("black hole"),
    endStreams: (status = unavailable) => end(status),
    refuseStreams: (status) => {
      refusal = status
    },
    serve: (next) => {
      served = next
      version += 1
      isSilent = false
      for (const kind of kinds) for (const stream of streams) send(stream, kind)
    },
    silence: (silent) => {
      isSilent = silent
    },
    repeatRejected: (perSecond) => {
      repeats = perSecond
    },
    delayAnswers: (delay) => {
      answerDelay = delay
    },
    openStreams: () => streams.size,
    rejections: () => rejections
  }
}

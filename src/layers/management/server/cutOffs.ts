import { Effect, Ref } from "effect"

/** A reader that took nothing of an answer, and was cut off. */
export interface CutOff {
  /** Its address; undefined for a client of a unix socket, whose name Node does not tell. */
  readonly address: string | undefined
  /** The path of the request, safe to be logged; undefined for an answer to what was no request. */
  readonly path: string | undefined
  /** For how long it took nothing. */
  readonly seconds: number
  /** Bytes of the answer that had been sent by then. */
  readonly sent: number
}

/** At most one line in this time: whoever can be cut off can be so a thousand times a second. */
const pauseNanos = 60_000_000_000n

interface Reported {
  /** When there may be another line (monotonic nanoseconds). */
  readonly nextAt: bigint
  /** Those that were cut off without a line, and the last of them. */
  readonly untold: number
  readonly last: CutOff | undefined
}

const describe = ({ address, path, seconds, sent }: CutOff) =>
  `${address ?? "a client of the unix socket"} is cut off: it took nothing of the answer to ${path ?? "what was no request"} for ${seconds} s, after ${sent} bytes`

const others = (count: number) => (count === 0 ? "" : ` (${count} more since the last such line)`)

/** Logs what was cut off since the last call. To be called each second, also where nothing was. */
export const makeCutOffLog = Effect.map(
  Ref.make<Reported>({ nextAt: 0n, untold: 0, last: undefined }),
  (reported) => (now: bigint, cutOffs: ReadonlyArray<CutOff>) =>
    Effect.flatten(
      Ref.modify(reported, ({ last: before, nextAt, untold }): readonly [Effect.Effect<void>, Reported] => {
        const last = cutOffs.at(-1) ?? before
        const count = untold + cutOffs.length
        if (last === undefined || count === 0) return [Effect.void, { nextAt, untold, last }]
        if (now < nextAt) return [Effect.void, { nextAt, untold: count, last }]
        const line = Effect.logWarning(`${describe(last)}${others(count - 1)}`)
        return [line, { nextAt: now + pauseNanos, untold: 0, last: undefined }]
      })
    )
)

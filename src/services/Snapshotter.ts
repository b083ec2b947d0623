import type { Effect, Option } from "effect"
import { Context, type Stream } from "effect"
import type { AdminError } from "./AdminClient.ts"

/** What changed, as Prometheus text. */
export interface StatsDelta {
  readonly text: Stream.Stream<Uint8Array>
  /** Names the snapshot that this answer ends at. */
  readonly cursor: string
}

/** Takes snapshots of the metrics extension's used stats, and makes deltas of them. */
export class Snapshotter extends Context.Service<
  Snapshotter,
  {
    readonly enabled: boolean
    /** From the last snapshot but one to the last; none before there are two of this Envoy. */
    readonly delta: Effect.Effect<Option.Option<StatsDelta>>
    /** From the snapshot of a cursor to the last; everything, where the cursor is unknown or too old. */
    readonly since: (cursor: string) => Effect.Effect<StatsDelta, AdminError>
  }
>()("agent/Snapshotter") {}

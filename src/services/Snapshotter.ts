import type { Effect, Option } from "effect"
import { Context, type Stream } from "effect"
import type { AdminError } from "./AdminClient.ts"

/** The difference between two snapshots. */
export interface StatsDelta {
  /** Prometheus text. */
  readonly text: Stream.Stream<Uint8Array>
  /**
   * Identifies the later snapshot; pass it to `since` for the next difference, for 10 minutes at least. Undefined where the
   * snapshot is not kept for so long.
   */
  readonly cursor: string | undefined
  /** Whether these are the whole values: nothing is known of the earlier ones, or a counter decreased. */
  readonly isWhole: boolean
}

/** Takes snapshots of the metrics extension's used stats every `APPNET_STATS_SNAPSHOT_INTERVAL_S`. */
export class Snapshotter extends Context.Service<
  Snapshotter,
  {
    /** `ENABLE_STATS_SNAPSHOT`. */
    readonly enabled: boolean
    /** The difference between the last two snapshots; none before this Envoy has two. */
    readonly delta: Effect.Effect<Option.Option<StatsDelta>>
    /**
     * The difference between the snapshot of a cursor and the last one, or one of the last ones; the whole snapshot if the cursor is
     * unknown or expired. Takes a snapshot if there is none yet, which may fail.
     */
    readonly since: (cursor: string) => Effect.Effect<StatsDelta, AdminError>
  }
>()("agent/Snapshotter") {}

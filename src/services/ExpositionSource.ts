import type { Effect, Scope, Stream } from "effect"
import { Context } from "effect"
import type { AdminError } from "./AdminClient.ts"

/** An HTTP response whose body may have tens of megabytes. */
export interface Exposition {
  readonly status: number
  /** The memory of a part is overwritten after another megabyte has been read: use or copy a part before then. */
  readonly body: Stream.Stream<Uint8Array, AdminError>
}

/** Reads long responses of Envoy's admin in constant memory. */
export class ExpositionSource extends Context.Service<
  ExpositionSource,
  {
    /** Sends `GET path` on a connection of its own, which the end of the scope closes. */
    readonly open: (path: string) => Effect.Effect<Exposition, AdminError, Scope.Scope>
  }
>()("agent/ExpositionSource") {}

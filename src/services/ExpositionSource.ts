import type { Effect, Scope, Stream } from "effect"
import { Context } from "effect"
import type { AdminError } from "./AdminClient.ts"

/** An answer whose body may be tens of megabytes long. */
export interface Exposition {
  readonly status: number
  /** A part is valid until the next but a few are asked for, since its memory is used again. */
  readonly body: Stream.Stream<Uint8Array, AdminError>
}

/** Reads long answers of Envoy's admin in constant memory. */
export class ExpositionSource extends Context.Service<
  ExpositionSource,
  {
    /** Asks on a connection of its own, which is closed with the scope. */
    readonly open: (path: string) => Effect.Effect<Exposition, AdminError, Scope.Scope>
  }
>()("agent/ExpositionSource") {}

import type { Effect } from "effect"
import { Context } from "effect"

/** Who listens on the address of Envoy's admin. */
export type Listener =
  | { readonly _tag: "OwnEnvoy" }
  /** `program` is like `pid 7, envoy`; undefined where this user may not see it. Another socket has another `socket`. */
  | { readonly _tag: "OtherProgram"; readonly program: string | undefined; readonly socket: string }
  | { readonly _tag: "Nobody" }
  /** The operating system does not tell. */
  | { readonly _tag: "Unknown"; readonly reason: string }

/** Tells by the operating system whose socket is at the address of Envoy's admin. Nothing is sent to it. */
export class AdminListener extends Context.Service<
  AdminListener,
  {
    readonly listener: Effect.Effect<Listener>
    /** Names the socket file at the address: another name is another file. Empty for TCP, and where there is none. */
    readonly socketFile: Effect.Effect<string>
  }
>()("agent/AdminListener") {}

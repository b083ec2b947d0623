import { Context } from "effect"

/**
 * Which of the agent's Envoys the services around it are about: the one that carries traffic, or the local relay, which
 * signs the first one's xDS stream.
 */
export type Role = "main" | "local relay"

export const EnvoyRole = Context.Reference<Role>("agent/EnvoyRole", { defaultValue: () => "main" })

/** What log lines and messages call it, at their beginning. */
export const nameOf = (role: Role): string => (role === "main" ? "Envoy" : "The local relay's Envoy")

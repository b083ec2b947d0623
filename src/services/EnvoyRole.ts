import { Context } from "effect"

/** `main` carries traffic; `local relay` signs the main Envoy's xDS stream and forwards it. */
export type Role = "main" | "local relay"

/** Which of the agent's Envoys a layer is built for. */
export const EnvoyRole = Context.Reference<Role>("agent/EnvoyRole", { defaultValue: () => "main" })

/** The Envoy's name at the beginning of a log line or message. */
export const nameOf = (role: Role): string => (role === "main" ? "Envoy" : "The local relay's Envoy")

import { Schema } from "effect"

const Listener = Schema.Struct({ traffic_direction: Schema.optional(Schema.String) })

/** Envoy's `/config_dump` of static or dynamic listeners. A dynamic one that is not in use yet has no active state. */
export const ListenersDump = Schema.Struct({
  configs: Schema.optional(
    Schema.Array(
      Schema.Struct({
        listener: Schema.optional(Listener),
        active_state: Schema.optional(Schema.Struct({ listener: Schema.optional(Listener) }))
      })
    )
  )
})
export type ListenersDump = typeof ListenersDump.Type

/** Listeners that Envoy takes for inbound ones. */
export const countInbound = ({ configs = [] }: ListenersDump): number =>
  configs.filter(({ active_state, listener = active_state?.listener }) => listener?.traffic_direction === "INBOUND")
    .length

import { Schema } from "effect"
import type { ListenerError } from "../../services/AdminClient.ts"
import { foreignLine } from "../../services/foreignText.ts"

/**
 * What is asked of each listener. The failed configuration stays with Envoy: it may be large, and where it holds a type that Envoy
 * does not know, Envoy can print no dump that has it.
 */
export const listenerErrorsMask = "name,error_state.details,error_state.last_update_attempt"

const DynamicListener = Schema.Struct({
  name: Schema.optional(Schema.String),
  error_state: Schema.optional(
    Schema.Struct({ details: Schema.optional(Schema.String), last_update_attempt: Schema.optional(Schema.String) })
  )
})
/** Envoy's `/config_dump?resource=dynamic_listeners`; without any listener it is empty. */
export const ListenersDump = Schema.Struct({ configs: Schema.optional(Schema.Array(DynamicListener)) })

/** The constraint that was violated comes after the whole message, which Envoy prints as text. */
const withoutDebugText = (details: string) => details.replace(/goo\.gle\/debug\w+ [\s\S]*: (?=Proto constraint)/, "")

/** Envoy has each error twice: with the listener's name, and in a list of those that have none. */
export const toListenerErrors = ({ configs = [] }: typeof ListenersDump.Type): ReadonlyArray<ListenerError> => {
  const errors = configs.flatMap(({ error_state, name }) => {
    if (error_state === undefined) return []
    const at = Date.parse(error_state.last_update_attempt ?? "")
    return [
      {
        listener: name === undefined || name === "" ? undefined : foreignLine(name),
        reason: foreignLine(withoutDebugText(error_state.details ?? "")),
        at: Number.isNaN(at) ? undefined : at
      }
    ]
  })
  const named = errors.filter(({ listener }) => listener !== undefined)
  const isNamed = (reason: string) => named.some((error) => error.reason === reason)
  return [...named, ...errors.filter(({ listener, reason }) => listener === undefined && !isNamed(reason))]
}

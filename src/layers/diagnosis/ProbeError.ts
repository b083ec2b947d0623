import { Schema } from "effect"

/** A step towards the management server failed. `code` is Node's, like ECONNREFUSED, or a word where Node has none. */
export class ProbeError extends Schema.TaggedError<ProbeError>()("ProbeError", {
  code: Schema.String,
  message: Schema.String
}) {}

export const toProbeError = (error: Error): ProbeError =>
  new ProbeError({
    code: "code" in error && typeof error.code === "string" ? error.code : error.name,
    message: error.message
  })

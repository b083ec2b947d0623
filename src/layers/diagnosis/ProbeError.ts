import { Schema } from "effect"
import { foreignLine } from "../../services/foreignText.ts"

/** A step towards the management server failed. `code` is Node's, like ECONNREFUSED, or a word where Node has none. */
export class ProbeError extends Schema.TaggedError<ProbeError>()("ProbeError", {
  code: Schema.String,
  message: Schema.String
}) {}

/**
 * Characters of a server's own words in a diagnosis, at most: the sentence around them says what to check, and has no more than
 * a foreign text altogether.
 */
const longestQuote = 160

/** A server's own words, as a diagnosis quotes them. */
export const quotedText = (text: string): string => foreignLine(text, longestQuote)

export const toProbeError = (error: Error): ProbeError =>
  new ProbeError({
    code: "code" in error && typeof error.code === "string" ? error.code : error.name,
    // It may hold names from the server's certificate.
    message: quotedText(error.message)
  })

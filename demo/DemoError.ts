/** A problem that the user can act on. Its message is shown without a stack trace. */
export class DemoError extends Error {
  override readonly name = "DemoError"
}

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : `${error}`)

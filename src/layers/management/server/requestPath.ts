/** The path as the client wrote it. A request to a proxy also names scheme and host (RFC 9112, absolute-form). */
export const pathOf = (target: string) => target.replace(/^https?:\/\/[^/?]+/i, "").split("?", 1)[0] ?? ""

/** The path, safe to show in an answer and in the log. */
export const printablePath = (target: string) =>
  pathOf(target)
    .slice(0, 200)
    .replace(/[^\x21-\x7e]/g, "?")

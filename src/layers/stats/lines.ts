const newLine = 10
const carriageReturn = 13

/** Cuts the parts of a body into lines. */
export interface LineReader {
  /** Calls back for each line that ends in this part, without its end. */
  readonly push: (part: Uint8Array, line: (bytes: Uint8Array, start: number, end: number) => void) => void
  /** Calls back for a last line that has no end. */
  readonly end: (line: (bytes: Uint8Array, start: number, end: number) => void) => void
}

const trimmed = (bytes: Uint8Array, start: number, end: number) =>
  end > start && bytes[end - 1] === carriageReturn ? end - 1 : end

export const makeLineReader = (): LineReader => {
  let held = new Uint8Array(0)
  const hold = (more: Uint8Array) => {
    const longer = new Uint8Array(held.length + more.length)
    longer.set(held)
    longer.set(more, held.length)
    held = longer
  }
  return {
    push: (part, line) => {
      let at = 0
      if (held.length > 0) {
        const end = part.indexOf(newLine)
        hold(part.subarray(0, end === -1 ? part.length : end))
        if (end === -1) return
        line(held, 0, trimmed(held, 0, held.length))
        held = new Uint8Array(0)
        at = end + 1
      }
      for (;;) {
        const end = part.indexOf(newLine, at)
        if (end === -1) break
        line(part, at, trimmed(part, at, end))
        at = end + 1
      }
      if (at < part.length) hold(part.subarray(at))
    },
    end: (line) => {
      if (held.length > 0) line(held, 0, trimmed(held, 0, held.length))
      held = new Uint8Array(0)
    }
  }
}

const newLine = 10
const carriageReturn = 13

/** Receives one line: the bytes from `start` to before `end`, without the line's end. They are valid during the call only. */
export type OnLine = (bytes: Uint8Array, start: number, end: number) => void

/** Cuts the parts of a body into lines. */
export interface LineReader {
  /** Calls back for each line that ends in this part. */
  readonly push: (part: Uint8Array, onLine: OnLine) => void
  /** Calls back for a last line without a newline. */
  readonly end: (onLine: OnLine) => void
}

const withoutCarriageReturn = (bytes: Uint8Array, start: number, end: number) =>
  end > start && bytes[end - 1] === carriageReturn ? end - 1 : end

export const makeLineReader = (): LineReader => {
  /** The beginning of a line whose end has not arrived. */
  let incomplete = new Uint8Array(0)
  const append = (bytes: Uint8Array) => {
    const longer = new Uint8Array(incomplete.length + bytes.length)
    longer.set(incomplete)
    longer.set(bytes, incomplete.length)
    incomplete = longer
  }
  const complete = (onLine: OnLine) => {
    onLine(incomplete, 0, withoutCarriageReturn(incomplete, 0, incomplete.length))
    incomplete = new Uint8Array(0)
  }
  return {
    push: (part, onLine) => {
      let start = 0
      if (incomplete.length > 0) {
        const end = part.indexOf(newLine)
        append(part.subarray(0, end === -1 ? part.length : end))
        if (end === -1) return
        complete(onLine)
        start = end + 1
      }
      for (;;) {
        const end = part.indexOf(newLine, start)
        if (end === -1) break
        onLine(part, start, withoutCarriageReturn(part, start, end))
        start = end + 1
      }
      if (start < part.length) append(part.subarray(start))
    },
    end: (onLine) => {
      if (incomplete.length > 0) complete(onLine)
    }
  }
}

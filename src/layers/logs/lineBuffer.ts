const newline = 10

/** Memory that a stream is read into, and how it is handed on. */
export interface ReadBuffer {
  /** Where the next bytes go. */
  readonly free: () => Uint8Array
  /**
   * What can be handed on now that `count` more bytes are there. It stays as it is until bytes have come that can be
   * handed on as well.
   */
  readonly filled: (count: number) => Uint8Array | undefined
  /** What is left at the stream's end. */
  readonly end: () => Uint8Array | undefined
}

/**
 * Hands on whole lines, without copying them: bytes are read behind the unfinished rest of those before, and only the rest
 * moves, to a second block, while the lines are still in use. A rest that grows beyond `longestRest` is handed on as it is.
 */
export const makeLineBuffer = (readSize = 64 * 1024, longestRest = 8 * 1024 * 1024): ReadBuffer => {
  const usual = 2 * readSize
  let memory: Buffer = Buffer.allocUnsafeSlow(usual)
  let spare: Buffer | undefined
  let length = 0

  /** A rest is part of one read. */
  const keep = (rest: Uint8Array) => {
    const next = spare ?? Buffer.allocUnsafeSlow(usual)
    // A block that a long line has made larger is not kept.
    spare = memory.length === usual ? memory : undefined
    next.set(rest)
    memory = next
    length = rest.length
  }

  return {
    free: () => memory.subarray(length, length + readSize),
    filled: (count) => {
      const end = length + count
      const last = memory.subarray(length, end).lastIndexOf(newline)
      const whole = last >= 0 ? length + last + 1 : end > longestRest ? end : 0
      if (whole > 0) {
        const lines = memory.subarray(0, whole)
        keep(memory.subarray(whole, end))
        return lines
      }
      length = end
      if (end + readSize > memory.length) {
        const larger = Buffer.allocUnsafeSlow(Math.min(2 * memory.length, longestRest + 2 * readSize))
        larger.set(memory.subarray(0, end))
        memory = larger
      }
      return undefined
    },
    end: () => {
      if (length === 0) return undefined
      const rest = Buffer.concat([memory.subarray(0, length), Buffer.of(newline)])
      length = 0
      return rest
    }
  }
}

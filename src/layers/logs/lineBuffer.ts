const newline = 10

/** The memory that a stream is read into. Calls alternate: `free`, then `filled` with the bytes read there. */
export interface ReadBuffer {
  /** Where the next bytes are read to. */
  readonly free: () => Uint8Array
  /**
   * Counts `count` more bytes as read, and returns those that are ready for use, if any. They share the buffer's
   * memory, and stay unchanged until a later call returns bytes.
   */
  readonly filled: (count: number) => Uint8Array | undefined
  /** What is left at the stream's end. */
  readonly end: () => Uint8Array | undefined
}

/**
 * Returns whole lines without copying them. Only the partial line behind them is copied, to a second block, where the
 * next bytes are read while the whole lines are still in use. A partial line that grows beyond `maxPartialLine` bytes
 * is returned as it is. At the stream's end a partial line gets its newline.
 */
export const makeLineBuffer = (readSize = 64 * 1024, maxPartialLine = 8 * 1024 * 1024): ReadBuffer => {
  const blockSize = 2 * readSize
  let block: Buffer = Buffer.allocUnsafeSlow(blockSize)
  let spare: Buffer | undefined
  /** Bytes of the partial line, at the beginning of the block. */
  let length = 0

  /** Always fits, since a partial line behind a whole one came with the latest read. */
  const moveToNextBlock = (partialLine: Uint8Array) => {
    const next = spare ?? Buffer.allocUnsafeSlow(blockSize)
    // A block that grew for a long line is left to the garbage collector.
    spare = block.length === blockSize ? block : undefined
    next.set(partialLine)
    block = next
    length = partialLine.length
  }

  return {
    free: () => block.subarray(length, length + readSize),
    filled: (count) => {
      const end = length + count
      const lastNewline = block.subarray(length, end).lastIndexOf(newline)
      const ready = lastNewline >= 0 ? length + lastNewline + 1 : end > maxPartialLine ? end : 0
      if (ready > 0) {
        const bytes = block.subarray(0, ready)
        moveToNextBlock(block.subarray(ready, end))
        return bytes
      }
      length = end
      if (end + readSize > block.length) {
        const larger = Buffer.allocUnsafeSlow(Math.min(2 * block.length, maxPartialLine + 2 * readSize))
        larger.set(block.subarray(0, end))
        block = larger
      }
      return undefined
    },
    end: () => {
      if (length === 0) return undefined
      const line = Buffer.concat([block.subarray(0, length), Buffer.of(newline)])
      length = 0
      return line
    }
  }
}

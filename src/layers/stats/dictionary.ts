const blockSize = 1 << 20
/** Parameters of the FNV-1a hash. */
const offsetBasis = 0x811c9dc5
const prime = 0x01000193

const hashOf = (bytes: Uint8Array, start: number, end: number) => {
  let value = offsetBasis
  for (let i = start; i < end; i += 1) value = Math.imul(value ^ (bytes[i] ?? 0), prime)
  return value >>> 0
}

const doubled = <A extends Uint32Array | Uint8Array>(make: (length: number) => A, old: A): A => {
  const wider = make(old.length * 2)
  wider.set(old)
  return wider
}

/** Byte strings, each stored once under an id. Ids count from 0. */
export interface Dictionary {
  readonly size: () => number
  /** The id of these bytes. Unknown bytes are copied and added. */
  readonly intern: (bytes: Uint8Array, start: number, end: number) => number
  /** Copies a string to `target` at `at` and returns its length. */
  readonly copy: (id: number, target: Uint8Array, at: number) => number
  readonly lengthOf: (id: number) => number
}

/**
 * An open-addressing hash table over blocks of bytes. 300 000 series cost their own bytes and 16 more each; JavaScript strings
 * in a Map would cost twice that.
 */
export const makeDictionary = (): Dictionary => {
  const blocks: Array<Uint8Array> = []
  /** Free bytes at the end of the last block. */
  let freeBytes = 0
  let count = 0
  // By id. A position is a block's index times the block size, plus the offset in the block.
  let positions = new Uint32Array(1024)
  let lengths = new Uint32Array(1024)
  let hashes = new Uint32Array(1024)
  // By hash: id + 1, or 0 for a free slot.
  let slots = new Uint32Array(4096)

  const blockOf = (id: number) => blocks[(positions[id] ?? 0) >>> 20] ?? new Uint8Array(0)
  const offsetOf = (id: number) => (positions[id] ?? 0) & (blockSize - 1)

  const equals = (id: number, bytes: Uint8Array, start: number, end: number) => {
    if (lengths[id] !== end - start) return false
    const block = blockOf(id)
    const offset = offsetOf(id) - start
    for (let i = start; i < end; i += 1) if (block[offset + i] !== bytes[i]) return false
    return true
  }

  const insertSlot = (id: number) => {
    const mask = slots.length - 1
    let slot = (hashes[id] ?? 0) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = id + 1
  }

  const add = (hash: number, bytes: Uint8Array, start: number, end: number) => {
    const length = end - start
    if (freeBytes < length) {
      // A string longer than a block gets a block of its own length.
      blocks.push(new Uint8Array(Math.max(blockSize, length)))
      freeBytes = Math.max(blockSize, length)
    }
    const block = blocks.length - 1
    const offset = (blocks[block]?.length ?? 0) - freeBytes
    blocks[block]?.set(bytes.subarray(start, end), offset)
    freeBytes -= length
    const id = count
    count += 1
    if (id >= positions.length) {
      positions = doubled((size) => new Uint32Array(size), positions)
      lengths = doubled((size) => new Uint32Array(size), lengths)
      hashes = doubled((size) => new Uint32Array(size), hashes)
    }
    positions[id] = block * blockSize + offset
    lengths[id] = length
    hashes[id] = hash
    if (count * 2 > slots.length) {
      slots = new Uint32Array(slots.length * 2)
      for (let known = 0; known < count; known += 1) insertSlot(known)
    } else insertSlot(id)
    return id
  }

  return {
    size: () => count,
    intern: (bytes, start, end) => {
      const hash = hashOf(bytes, start, end)
      const mask = slots.length - 1
      for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
        const entry = slots[slot] ?? 0
        if (entry === 0) return add(hash, bytes, start, end)
        if (hashes[entry - 1] === hash && equals(entry - 1, bytes, start, end)) return entry - 1
      }
    },
    copy: (id, target, at) => {
      const length = lengths[id] ?? 0
      const offset = offsetOf(id)
      target.set(blockOf(id).subarray(offset, offset + length), at)
      return length
    },
    lengthOf: (id) => lengths[id] ?? 0
  }
}

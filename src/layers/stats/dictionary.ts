const blockSize = 1 << 20
/** FNV-1a. */
const offsetBasis = 0x811c9dc5
const prime = 0x01000193

const hashOf = (bytes: Uint8Array, start: number, end: number) => {
  let value = offsetBasis
  for (let i = start; i < end; i += 1) value = Math.imul(value ^ (bytes[i] ?? 0), prime)
  return value >>> 0
}

const grown = <A extends Uint32Array | Uint8Array>(make: (length: number) => A, old: A): A => {
  const wider = make(old.length * 2)
  wider.set(old)
  return wider
}

/** Texts that are held once, by number from 0. */
export interface Dictionary {
  readonly size: () => number
  /** The number of a text, which is added where it is new. */
  readonly intern: (bytes: Uint8Array, start: number, end: number) => number
  /** Copies a text to `target`; answers its length. */
  readonly copy: (id: number, target: Uint8Array, at: number) => number
  readonly lengthOf: (id: number) => number
}

/**
 * An open-addressing hash table over blocks of bytes: 300 000 series cost their own bytes and 16 each, where as many
 * JavaScript strings in a Map would cost twice that.
 */
export const makeDictionary = (): Dictionary => {
  const blocks: Array<Uint8Array> = []
  let room = 0
  let count = 0
  // By number: where the text stands (block and offset in one), and its length.
  let places = new Uint32Array(1024)
  let lengths = new Uint32Array(1024)
  let hashes = new Uint32Array(1024)
  // By hash: number + 1; 0 is free.
  let slots = new Uint32Array(4096)

  const blockOf = (id: number) => blocks[(places[id] ?? 0) >>> 20] ?? new Uint8Array(0)
  const offsetOf = (id: number) => (places[id] ?? 0) & (blockSize - 1)

  const isText = (id: number, bytes: Uint8Array, start: number, end: number) => {
    if (lengths[id] !== end - start) return false
    const block = blockOf(id)
    const offset = offsetOf(id) - start
    for (let i = start; i < end; i += 1) if (block[offset + i] !== bytes[i]) return false
    return true
  }

  const place = (id: number) => {
    const mask = slots.length - 1
    let slot = (hashes[id] ?? 0) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = id + 1
  }

  const add = (hash: number, bytes: Uint8Array, start: number, end: number) => {
    const length = end - start
    if (room < length) {
      // Longer than a block: a block of its own.
      blocks.push(new Uint8Array(Math.max(blockSize, length)))
      room = Math.max(blockSize, length)
    }
    const block = blocks.length - 1
    const offset = (blocks[block]?.length ?? 0) - room
    blocks[block]?.set(bytes.subarray(start, end), offset)
    room -= length
    const id = count
    count += 1
    if (id >= places.length) {
      places = grown((size) => new Uint32Array(size), places)
      lengths = grown((size) => new Uint32Array(size), lengths)
      hashes = grown((size) => new Uint32Array(size), hashes)
    }
    places[id] = block * blockSize + offset
    lengths[id] = length
    hashes[id] = hash
    if (count * 2 > slots.length) {
      slots = new Uint32Array(slots.length * 2)
      for (let known = 0; known < count; known += 1) place(known)
    } else place(id)
    return id
  }

  return {
    size: () => count,
    intern: (bytes, start, end) => {
      const hash = hashOf(bytes, start, end)
      const mask = slots.length - 1
      for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
        const known = slots[slot] ?? 0
        if (known === 0) return add(hash, bytes, start, end)
        if (hashes[known - 1] === hash && isText(known - 1, bytes, start, end)) return known - 1
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

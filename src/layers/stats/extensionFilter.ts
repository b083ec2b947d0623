import { Stream } from "effect"

/** What the metrics extension's families are called in Envoy's own words. */
export const extensionPrefix = "envoy_appmesh_"

const newLine = 10
const hash = 35
const isBlank = (byte: number | undefined) => byte === 32 || byte === 9
const isNameByte = (byte: number) =>
  (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57) || byte === 95 || byte === 58

const bytesOf = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
const prefix = bytesOf(extensionPrefix)
const keywords = [bytesOf("HELP"), bytesOf("TYPE")]

/** No line takes longer than this to be judged. */
const longestHead = 1024

/** Where a word ends that begins at `at`; -1 where it is another word, undefined where the bytes end before it does. */
const match = (bytes: Uint8Array, at: number, word: Uint8Array): number | undefined => {
  for (let i = 0; i < word.length; i += 1) {
    const byte = bytes[at + i]
    if (byte === undefined) return undefined
    if (byte !== word[i]) return -1
  }
  return at + word.length
}

const skipBlanks = (bytes: Uint8Array, at: number) => {
  let i = at
  while (isBlank(bytes[i])) i += 1
  return i
}

/** Where the prefix stands in a line that begins at `start`; -1 in a line to drop, undefined where more bytes are needed. */
const findPrefix = (bytes: Uint8Array, start: number): number | undefined => {
  let at = skipBlanks(bytes, start)
  if (bytes[at] === hash) {
    const word = skipBlanks(bytes, at + 1)
    const ends = keywords.map((keyword) => match(bytes, word, keyword))
    const end = ends.find((found) => found !== -1)
    if (!ends.includes(undefined) && end === undefined) return -1
    if (end === undefined) return undefined
    if (end < bytes.length && !isBlank(bytes[end])) return -1
    at = skipBlanks(bytes, end)
  }
  const end = match(bytes, at, prefix)
  if (end === undefined || end === -1) return end
  const next = bytes[end]
  if (next === undefined) return undefined
  return isNameByte(next) ? at : -1
}

export interface ExpositionFilter {
  /**
   * What is left of the next part of the body, in at most two pieces; the part's own memory is used for it. Parts may
   * end anywhere.
   */
  readonly push: (part: Uint8Array) => ReadonlyArray<Uint8Array>
}

const nothing: Uint8Array = new Uint8Array(0)

/**
 * Keeps the metrics extension's families of a Prometheus text, HELP and TYPE with them, and cuts their prefix. It judges
 * each line by its beginning and never takes one apart, so it holds no more than the beginning of one line.
 */
export const makeFilter = (): ExpositionFilter => {
  let mode: "start" | "keep" | "drop" = "start"
  /** The beginning of a line that came with the part before. */
  let held: Uint8Array = nothing

  /** Decides the line whose beginning is held; answers how many bytes of `part` belong to it, and what of it is kept. */
  const resume = (part: Uint8Array): { readonly used: number; readonly kept: Uint8Array } => {
    const line = new Uint8Array(held.length + Math.min(part.length, longestHead))
    line.set(held)
    line.set(part.subarray(0, line.length - held.length), held.length)
    const found = findPrefix(line, 0)
    if (found === undefined && line.length <= longestHead) {
      held = line
      return { used: part.length, kept: nothing }
    }
    const before = held.length
    held = nothing
    if (found === undefined || found === -1) {
      mode = "drop"
      return { used: 0, kept: nothing }
    }
    mode = "keep"
    const end = found + prefix.length
    // The line may go on in what was held already.
    const kept = line.slice(0, Math.max(before - prefix.length, found))
    if (before > end) kept.set(line.subarray(end, before), found)
    return { used: Math.max(0, end - before), kept }
  }

  const push = (part: Uint8Array): ReadonlyArray<Uint8Array> => {
    let at = 0
    let head: Uint8Array = nothing
    if (held.length > 0) {
      const { kept, used } = resume(part)
      if (held.length > 0) return []
      head = kept
      at = used
    }
    let written = 0
    while (at < part.length) {
      if (mode === "start") {
        const found = findPrefix(part, at)
        if (found === undefined && part.length - at <= longestHead) {
          held = part.slice(at)
          break
        }
        if (found === undefined || found === -1) mode = "drop"
        else {
          mode = "keep"
          part.copyWithin(written, at, found)
          written += found - at
          at = found + prefix.length
        }
      }
      const end = part.indexOf(newLine, at)
      const next = end === -1 ? part.length : end + 1
      if (mode === "keep") {
        part.copyWithin(written, at, next)
        written += next - at
      }
      if (end !== -1) mode = "start"
      at = next
    }
    return [head, part.subarray(0, written)].filter((piece) => piece.length > 0)
  }
  return { push }
}

/** The metrics extension's families of a Prometheus text, without their prefix, as they arrive. */
export const onlyExtensionFamilies = <E>(body: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E> =>
  Stream.mapAccum(body, makeFilter, (filter, part) => [filter, filter.push(part)] as const)

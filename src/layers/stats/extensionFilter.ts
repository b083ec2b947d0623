import { Stream } from "effect"

/** The prefix of the metrics extension's families in Envoy's own text. */
const extensionPrefix = "envoy_appmesh_"

const newLine = 10
const hash = 35
const isBlank = (byte: number | undefined) => byte === 32 || byte === 9
const isNameByte = (byte: number) =>
  (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57) || byte === 95 || byte === 58

const bytesOf = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
const prefix = bytesOf(extensionPrefix)
const keywords = [bytesOf("HELP"), bytesOf("TYPE")]

/** A line that is undecided after this many bytes is dropped. */
const maxUndecidedBytes = 1024

/** The end of a word that starts at `at`; -1 if another word stands there, undefined if more bytes are needed. */
const endOfWord = (bytes: Uint8Array, at: number, word: Uint8Array): number | undefined => {
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

/**
 * Where the prefix stands in the line that starts at `start`: -1 if the line is to be dropped, undefined if more bytes are needed
 * to decide.
 */
const findPrefix = (bytes: Uint8Array, start: number): number | undefined => {
  let at = skipBlanks(bytes, start)
  if (bytes[at] === hash) {
    const wordStart = skipBlanks(bytes, at + 1)
    const ends = keywords.map((keyword) => endOfWord(bytes, wordStart, keyword))
    const end = ends.find((found) => found !== -1)
    if (!ends.includes(undefined) && end === undefined) return -1
    if (end === undefined) return undefined
    if (end < bytes.length && !isBlank(bytes[end])) return -1
    at = skipBlanks(bytes, end)
  }
  const end = endOfWord(bytes, at, prefix)
  if (end === undefined || end === -1) return end
  const next = bytes[end]
  if (next === undefined) return undefined
  return isNameByte(next) ? at : -1
}

export interface ExtensionFilter {
  /**
   * What is kept of the next part of the body, in at most two pieces. Parts may end anywhere. A part's own memory is
   * overwritten and reused for the pieces.
   */
  readonly push: (part: Uint8Array) => ReadonlyArray<Uint8Array>
}

const empty: Uint8Array = new Uint8Array(0)

/**
 * Keeps the metrics extension's families of a Prometheus text, with their HELP and TYPE lines, and removes their prefix. A
 * line is decided by its beginning, so the filter stores at most the beginning of one line.
 */
export const makeExtensionFilter = (): ExtensionFilter => {
  let mode: "undecided" | "keep" | "drop" = "undecided"
  /** The beginning of an undecided line, from earlier parts. */
  let undecided: Uint8Array = empty

  /** Decides the undecided line. Returns how many bytes of `part` belong to what was decided, and what is kept of that. */
  const decide = (part: Uint8Array): { readonly used: number; readonly kept: Uint8Array } => {
    const line = new Uint8Array(undecided.length + Math.min(part.length, maxUndecidedBytes))
    line.set(undecided)
    line.set(part.subarray(0, line.length - undecided.length), undecided.length)
    const found = findPrefix(line, 0)
    if (found === undefined && line.length <= maxUndecidedBytes) {
      undecided = line
      return { used: part.length, kept: empty }
    }
    const earlierLength = undecided.length
    undecided = empty
    if (found === undefined || found === -1) {
      mode = "drop"
      return { used: 0, kept: empty }
    }
    mode = "keep"
    const prefixEnd = found + prefix.length
    // Earlier parts may hold bytes behind the prefix, too.
    const kept = line.slice(0, Math.max(earlierLength - prefix.length, found))
    if (earlierLength > prefixEnd) kept.set(line.subarray(prefixEnd, earlierLength), found)
    return { used: Math.max(0, prefixEnd - earlierLength), kept }
  }

  const push = (part: Uint8Array): ReadonlyArray<Uint8Array> => {
    let at = 0
    let head: Uint8Array = empty
    if (undecided.length > 0) {
      const { kept, used } = decide(part)
      if (undecided.length > 0) return []
      head = kept
      at = used
    }
    let written = 0
    while (at < part.length) {
      if (mode === "undecided") {
        const found = findPrefix(part, at)
        if (found === undefined && part.length - at <= maxUndecidedBytes) {
          undecided = part.slice(at)
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
      if (end !== -1) mode = "undecided"
      at = next
    }
    return [head, part.subarray(0, written)].filter((piece) => piece.length > 0)
  }
  return { push }
}

/** The metrics extension's families of a Prometheus text, without their prefix, as they arrive. */
export const onlyExtensionFamilies = <E>(body: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E> =>
  Stream.mapAccum(body, makeExtensionFilter, (filter, part) => [filter, filter.push(part)] as const)

import { type Dictionary, makeDictionary } from "./dictionary.ts"
import { type LineReader, makeLineReader } from "./lines.ts"

const space = 32
const tab = 9
const quote = 34
const backslash = 92
const openBrace = 123
const closeBrace = 125
const hash = 35

/** What becomes of an item's value from one snapshot to the next. */
export const Kind = {
  /** A line of HELP or TYPE: it has no value. */
  header: 0,
  /** A gauge, and whatever is of no known type: the value now. */
  current: 1,
  /** A counter, a histogram's bucket or count: it never goes down while Envoy runs. */
  counter: 2,
  /** A histogram's or summary's sum: it is subtracted, and may go down. */
  sum: 3
} as const
export type Kind = (typeof Kind)[keyof typeof Kind]

/** The values of one moment: lines by their numbers in a dictionary, in Envoy's order. */
export interface Snapshot {
  readonly dictionary: Dictionary
  readonly items: Uint32Array
  readonly kinds: Uint8Array
  readonly values: Float64Array
}

/** Where a series, its name and labels, ends; labels may hold any sign in quotes. */
const endOfSeries = (bytes: Uint8Array, start: number, end: number): number => {
  let at = start
  while (at < end && bytes[at] !== openBrace && bytes[at] !== space && bytes[at] !== tab) at += 1
  if (bytes[at] !== openBrace) return at
  let quoted = false
  for (at += 1; at < end; at += 1) {
    const byte = bytes[at]
    if (quoted) {
      if (byte === backslash) at += 1
      else if (byte === quote) quoted = false
    } else if (byte === quote) quoted = true
    else if (byte === closeBrace) return at + 1
  }
  return at
}

const words: Readonly<Record<string, number>> = {
  "+inf": Number.POSITIVE_INFINITY,
  inf: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
  nan: Number.NaN
}

/** A value of the exposition format; undefined for what is none. */
export const readValue = (text: string): number | undefined => {
  const word = words[text.toLowerCase()]
  if (word !== undefined) return word
  const value = Number(text)
  return text === "" || Number.isNaN(value) ? undefined : value
}

/** A value as the exposition format has it. */
export const showValue = (value: number): string => {
  if (Number.isNaN(value)) return "NaN"
  if (Number.isFinite(value)) return `${value}`
  return value > 0 ? "+Inf" : "-Inf"
}

const latin1 = (bytes: Uint8Array, start: number, end: number) => {
  let text = ""
  for (let i = start; i < end; i += 1) text += String.fromCharCode(bytes[i] ?? 0)
  return text
}

/** Numbers of up to nine digits are by far the most. */
const valueAt = (bytes: Uint8Array, start: number, end: number): number | undefined => {
  if (end - start <= 9) {
    let value = 0
    let at = start
    for (; at < end; at += 1) {
      const digit = (bytes[at] ?? 0) - 48
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (at === end && end > start) return value
  }
  return readValue(latin1(bytes, start, end))
}

const suffixKind = (suffix: string, type: string): Kind => {
  if (type === "counter") return Kind.counter
  if (type !== "histogram" && type !== "summary") return Kind.current
  if (suffix === "_sum") return Kind.sum
  if (suffix === "_count") return Kind.counter
  return suffix === "_bucket" && type === "histogram" ? Kind.counter : Kind.current
}

const suffixes = ["", "_bucket", "_sum", "_count", "_total"]

class Columns {
  items = new Uint32Array(1024)
  kinds = new Uint8Array(1024)
  values = new Float64Array(1024)
  count = 0

  add(item: number, kind: Kind, value: number) {
    if (this.count === this.items.length) {
      const { items, kinds, values } = this
      this.items = new Uint32Array(items.length * 2)
      this.kinds = new Uint8Array(items.length * 2)
      this.values = new Float64Array(items.length * 2)
      this.items.set(items)
      this.kinds.set(kinds)
      this.values.set(values)
    }
    this.items[this.count] = item
    this.kinds[this.count] = kind
    this.values[this.count] = value
    this.count += 1
  }
}

/** Reads a Prometheus text, part by part, into a snapshot. */
export interface SnapshotReader {
  readonly push: (part: Uint8Array) => void
  readonly end: () => Snapshot
}

/** `dictionary` is shared by snapshots, so that a series that stays costs its values alone. */
export const makeSnapshotReader = (dictionary: Dictionary = makeDictionary()): SnapshotReader => {
  const lines: LineReader = makeLineReader()
  const columns = new Columns()
  let family = ""
  let type = "untyped"
  /** Kinds of the names of the family that is being read. */
  let kinds = new Map<string, Kind>()

  const header = (bytes: Uint8Array, start: number, end: number) => {
    const [, keyword, name = "", rest = ""] = /^#\s*(HELP|TYPE)\s+(\S+)\s*(\S*)/.exec(latin1(bytes, start, end)) ?? []
    if (keyword === undefined) return
    if (keyword === "TYPE") {
      family = name
      type = rest.toLowerCase()
      kinds = new Map()
    }
    columns.add(dictionary.intern(bytes, start, end), Kind.header, 0)
  }

  const kindOf = (name: string): Kind => {
    const known = kinds.get(name)
    if (known !== undefined) return known
    const suffix = suffixes.find((candidate) => name === `${family}${candidate}`)
    const kind = suffix === undefined ? Kind.current : suffixKind(suffix, type)
    kinds.set(name, kind)
    return kind
  }

  /** The kind by name, read only where the name differs from that of the line before. */
  let lastName = new Uint8Array(0)
  let lastKind: Kind = Kind.current
  let lastFamily = kinds
  const kindAt = (bytes: Uint8Array, start: number, end: number): Kind => {
    let same = lastFamily === kinds && lastName.length === end - start
    for (let i = 0; same && i < lastName.length; i += 1) same = lastName[i] === bytes[start + i]
    if (!same) {
      lastName = bytes.slice(start, end)
      lastFamily = kinds
      lastKind = kindOf(latin1(bytes, start, end))
    }
    return lastKind
  }

  const line = (bytes: Uint8Array, from: number, end: number) => {
    let start = from
    while (start < end && (bytes[start] === space || bytes[start] === tab)) start += 1
    if (start === end) return
    if (bytes[start] === hash) return header(bytes, start, end)
    const series = endOfSeries(bytes, start, end)
    let at = series
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at += 1
    let stop = at
    while (stop < end && bytes[stop] !== space && bytes[stop] !== tab) stop += 1
    const value = valueAt(bytes, at, stop)
    // What is no sample is no increment of anything.
    if (value === undefined) return
    let name = start
    while (name < series && bytes[name] !== openBrace) name += 1
    columns.add(dictionary.intern(bytes, start, series), kindAt(bytes, start, name), value)
  }

  return {
    push: (part) => lines.push(part, line),
    end: () => {
      lines.end(line)
      const { count, items, kinds, values } = columns
      return {
        dictionary,
        items: items.slice(0, count),
        kinds: kinds.slice(0, count),
        values: values.slice(0, count)
      }
    }
  }
}

/** The same snapshot, its lines held by another dictionary. */
export const movedTo = (dictionary: Dictionary, snapshot: Snapshot): Snapshot => {
  let text = new Uint8Array(1024)
  const items = snapshot.items.map((item) => {
    const length = snapshot.dictionary.lengthOf(item)
    if (length > text.length) text = new Uint8Array(length)
    snapshot.dictionary.copy(item, text, 0)
    return dictionary.intern(text, 0, length)
  })
  return { ...snapshot, dictionary, items }
}

import { type Dictionary, makeDictionary } from "./dictionary.ts"
import { makeLineReader } from "./lineReader.ts"
import { latin1, parseValueAt } from "./sampleValue.ts"
import { Kind, type Snapshot } from "./snapshot.ts"

const space = 32
const tab = 9
const quote = 34
const backslash = 92
const openBrace = 123
const closeBrace = 125
const hash = 35

const isBlank = (byte: number | undefined) => byte === space || byte === tab

/** Where a series (name and labels) ends. Quoted label values may contain any character. */
const endOfSeries = (bytes: Uint8Array, start: number, end: number): number => {
  let at = start
  while (at < end && bytes[at] !== openBrace && !isBlank(bytes[at])) at += 1
  if (bytes[at] !== openBrace) return at
  let isQuoted = false
  for (at += 1; at < end; at += 1) {
    const byte = bytes[at]
    if (isQuoted) {
      if (byte === backslash) at += 1
      else if (byte === quote) isQuoted = false
    } else if (byte === quote) isQuoted = true
    else if (byte === closeBrace) return at + 1
  }
  return at
}

const suffixes = ["", "_bucket", "_sum", "_count", "_total"]

const kindOfSuffix = (suffix: string, type: string): Kind => {
  if (type === "counter") return Kind.counter
  if (type !== "histogram" && type !== "summary") return Kind.gauge
  if (suffix === "_sum") return Kind.sum
  if (suffix === "_count") return Kind.counter
  return suffix === "_bucket" && type === "histogram" ? Kind.counter : Kind.gauge
}

/** The kinds of series, by the TYPE line before them. */
const makeKinds = () => {
  let family = ""
  let type = "untyped"
  /** The kinds of the family's names that have occurred. */
  let kinds = new Map<string, Kind>()
  // Neighbouring lines mostly have the same name, so the last one is compared before a string is made.
  let lastName = new Uint8Array(0)
  let lastKind: Kind = Kind.gauge

  const kindOfName = (name: string): Kind => {
    const known = kinds.get(name)
    if (known !== undefined) return known
    const suffix = suffixes.find((candidate) => name === `${family}${candidate}`)
    const kind = suffix === undefined ? Kind.gauge : kindOfSuffix(suffix, type)
    kinds.set(name, kind)
    return kind
  }

  return {
    startFamily: (name: string, newType: string) => {
      family = name
      type = newType
      kinds = new Map()
      lastName = new Uint8Array(0)
    },
    /** The kind of the series whose name is these bytes. */
    kindAt: (bytes: Uint8Array, start: number, end: number): Kind => {
      let isSame = lastName.length > 0 && lastName.length === end - start
      for (let i = 0; isSame && i < lastName.length; i += 1) isSame = lastName[i] === bytes[start + i]
      if (!isSame) {
        lastName = bytes.slice(start, end)
        lastKind = kindOfName(latin1(bytes, start, end))
      }
      return lastKind
    }
  }
}

/** The columns of a snapshot while it is read. */
const makeColumns = (dictionary: Dictionary) => {
  let items = new Uint32Array(1024)
  let kinds = new Uint8Array(1024)
  let values = new Float64Array(1024)
  let count = 0

  const grow = () => {
    const old = { items, kinds, values }
    items = new Uint32Array(count * 2)
    kinds = new Uint8Array(count * 2)
    values = new Float64Array(count * 2)
    items.set(old.items)
    kinds.set(old.kinds)
    values.set(old.values)
  }

  return {
    add: (item: number, kind: Kind, value: number) => {
      if (count === items.length) grow()
      items[count] = item
      kinds[count] = kind
      values[count] = value
      count += 1
    },
    toSnapshot: (): Snapshot => ({
      dictionary,
      items: items.slice(0, count),
      kinds: kinds.slice(0, count),
      values: values.slice(0, count)
    })
  }
}

/** Reads a Prometheus text, part by part, into a snapshot. Parts may end anywhere. */
export interface SnapshotReader {
  readonly push: (part: Uint8Array) => void
  readonly end: () => Snapshot
}

/** A reader whose snapshot stores its strings in this dictionary. */
export const makeSnapshotReader = (dictionary: Dictionary = makeDictionary()): SnapshotReader => {
  const lines = makeLineReader()
  const columns = makeColumns(dictionary)
  const { kindAt, startFamily } = makeKinds()

  const readHeader = (bytes: Uint8Array, start: number, end: number) => {
    const [, keyword, name = "", type = ""] = /^#\s*(HELP|TYPE)\s+(\S+)\s*(\S*)/.exec(latin1(bytes, start, end)) ?? []
    if (keyword === undefined) return
    if (keyword === "TYPE") startFamily(name, type.toLowerCase())
    columns.add(dictionary.intern(bytes, start, end), Kind.header, 0)
  }

  const readLine = (bytes: Uint8Array, lineStart: number, end: number) => {
    let start = lineStart
    while (start < end && isBlank(bytes[start])) start += 1
    if (start === end) return
    if (bytes[start] === hash) return readHeader(bytes, start, end)
    const seriesEnd = endOfSeries(bytes, start, end)
    let valueStart = seriesEnd
    while (valueStart < end && isBlank(bytes[valueStart])) valueStart += 1
    let valueEnd = valueStart
    while (valueEnd < end && !isBlank(bytes[valueEnd])) valueEnd += 1
    const value = parseValueAt(bytes, valueStart, valueEnd)
    // A line without a readable value is not a sample.
    if (value === undefined) return
    let nameEnd = start
    while (nameEnd < seriesEnd && bytes[nameEnd] !== openBrace) nameEnd += 1
    columns.add(dictionary.intern(bytes, start, seriesEnd), kindAt(bytes, start, nameEnd), value)
  }

  return {
    push: (part) => lines.push(part, readLine),
    end: () => {
      lines.end(readLine)
      return columns.toSnapshot()
    }
  }
}

import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { deltaText } from "../../../src/layers/stats/delta.ts"
import { type Dictionary, makeDictionary } from "../../../src/layers/stats/dictionary.ts"
import { makeFilter } from "../../../src/layers/stats/extensionFilter.ts"
import { makeSnapshotReader, movedTo, readValue, type Snapshot, showValue } from "../../../src/layers/stats/snapshot.ts"
import { samples } from "../../exposition.ts"
import { Exposition, partsOf, textOf } from "./generate.ts"

const Sizes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))).check(Schema.isMaxLength(5))

const decode = (pieces: Iterable<Uint8Array>) =>
  Buffer.concat([...pieces].map((piece) => Uint8Array.from(piece))).toString()

const filtered = (parts: ReadonlyArray<Uint8Array>) => {
  const filter = makeFilter()
  return decode(parts.flatMap((part) => filter.push(part).map((piece) => Uint8Array.from(piece))))
}

/** What is to be kept, line by line. */
const expected = (text: string) =>
  text
    .split(/(?<=\n)/)
    .filter((line) => /^[ \t]*(#[ \t]*(HELP|TYPE)[ \t]+)?envoy_appmesh_[\w:]/.test(line))
    .map((line) => line.replace("envoy_appmesh_", ""))
    .join("")

describe("the filter", () => {
  it.prop(
    "keeps what an independent one keeps, byte for byte, wherever the parts end",
    { exposition: Exposition, sizes: Sizes },
    ({ exposition, sizes }) => {
      const text = textOf(exposition)
      assert.strictEqual(filtered(partsOf(text, sizes)), expected(text))
      assert.strictEqual(filtered(partsOf(text, [100_000])), expected(text))
    },
    { arbitrary: { runs: 300 } }
  )

  it("never holds more than the beginning of a line", () => {
    const filter = makeFilter()
    assert.deepStrictEqual(filter.push(new TextEncoder().encode(`#${" ".repeat(5000)}`)), [])
    assert.deepStrictEqual(filter.push(new TextEncoder().encode("TYPE envoy_appmesh_x counter\n")), [])
    assert.strictEqual(decode(filter.push(new TextEncoder().encode("envoy_appmesh_y 1\n"))), "y 1\n")
  })
})

describe("a dictionary", () => {
  it.prop("gives each text one number, and the text back", { texts: Schema.Array(Schema.String) }, ({ texts }) => {
    const dictionary = makeDictionary()
    const numbers = new Map<string, number>()
    for (const text of [...texts, ...texts]) {
      const bytes = new TextEncoder().encode(`<${text}>`)
      const id = dictionary.intern(bytes, 1, bytes.length - 1)
      const key = Buffer.from(bytes).toString("hex")
      assert.strictEqual(numbers.get(key) ?? id, id)
      numbers.set(key, id)
      const copy = new Uint8Array(dictionary.lengthOf(id))
      dictionary.copy(id, copy, 0)
      assert.deepStrictEqual(copy, bytes.slice(1, -1))
    }
    assert.strictEqual(dictionary.size(), numbers.size)
  })

  it("grows, and takes texts longer than its blocks", () => {
    const dictionary = makeDictionary()
    const ids = Array.from({ length: 20_000 }, (_, i) => {
      const bytes = new TextEncoder().encode(`series_${i}`)
      return dictionary.intern(bytes, 0, bytes.length)
    })
    assert.deepStrictEqual(new Set(ids).size, 20_000)
    const long = new Uint8Array(3_000_000).fill(97)
    const id = dictionary.intern(long, 0, long.length)
    assert.strictEqual(dictionary.intern(long, 0, long.length), id)
    const copy = new Uint8Array(long.length)
    dictionary.copy(id, copy, 0)
    assert.deepStrictEqual(copy, long)
  })
})

const snapshotOf = (text: string, dictionary: Dictionary, sizes: ReadonlyArray<number> = [7]): Snapshot => {
  const reader = makeSnapshotReader(dictionary)
  for (const part of partsOf(text, sizes)) reader.push(part)
  return reader.end()
}

const deltaOf = (before: string | undefined, now: string) => {
  const dictionary = makeDictionary()
  const earlier = before === undefined ? undefined : snapshotOf(before, dictionary)
  return decode(deltaText(earlier, snapshotOf(now, dictionary)))
}

describe("a snapshot", () => {
  it.prop(
    "holds what an independent parser reads, wherever the parts end",
    { exposition: Exposition, sizes: Sizes },
    ({ exposition, sizes }) => {
      const text = textOf(exposition)
      const dictionary = makeDictionary()
      const whole = decode(deltaText(undefined, snapshotOf(text, dictionary, sizes)))
      assert.deepStrictEqual(samples(whole), samples(text))
    },
    { arbitrary: { runs: 300 } }
  )

  it.prop("is the same in another dictionary", { exposition: Exposition }, ({ exposition }) => {
    const snapshot = snapshotOf(textOf(exposition), makeDictionary())
    const other = makeDictionary()
    other.intern(new TextEncoder().encode("before"), 0, 6)
    assert.strictEqual(decode(deltaText(undefined, movedTo(other, snapshot))), decode(deltaText(undefined, snapshot)))
  })

  it("reads every kind of number, and writes them so that they are read again", () => {
    for (const text of ["0", "-1", "1.5", "NaN", "+Inf", "-Inf", "1e+06", "123456789012"]) {
      const value = readValue(text)
      assert.isTrue(Object.is(readValue(showValue(value ?? 0)), value), text)
    }
    for (const text of ["", "x", "1x"]) assert.isUndefined(readValue(text))
  })
})

describe("a delta", () => {
  const before = [
    "# TYPE c counter",
    'c{a="}"} 10',
    "c 1",
    "# TYPE g gauge",
    "g 5",
    "# TYPE h histogram",
    'h_bucket{le="1"} 3',
    'h_bucket{le="+Inf"} 4',
    "h_sum 7.5",
    "h_count 4",
    "gone 1",
    ""
  ].join("\n")
  const after = [
    "# TYPE c counter",
    'c{a="}"} 17',
    "c 1",
    'c{a="new"} 2',
    "# TYPE g gauge",
    "g 3",
    "# TYPE h histogram",
    'h_bucket{le="1"} 5',
    'h_bucket{le="+Inf"} 9',
    "h_sum 6.5",
    "h_count 9",
    "free 4",
    ""
  ].join("\n")

  it("subtracts counters and histograms, takes gauges as they are, new series whole, and leaves out what is gone", () => {
    assert.strictEqual(
      deltaOf(before, after),
      [
        "# TYPE c counter",
        'c{a="}"} 7',
        "c 0",
        'c{a="new"} 2',
        "# TYPE g gauge",
        "g 3",
        "# TYPE h histogram",
        'h_bucket{le="1"} 2',
        'h_bucket{le="+Inf"} 5',
        "h_sum -1",
        "h_count 5",
        "free 4",
        ""
      ].join("\n")
    )
  })

  it("starts afresh where a counter went down", () => {
    const restarted = after.replace('c{a="}"} 17', 'c{a="}"} 2')
    assert.strictEqual(deltaOf(before, restarted), restarted)
    assert.strictEqual(deltaOf(undefined, after), after)
  })

  it.prop(
    "is never negative for a counter, and is the difference of an independent parser",
    { first: Exposition, second: Exposition },
    ({ first, second }) => {
      const [earlier, now] = [textOf(first), textOf(second)]
      // Without types all is current: one family of counters with all of its series.
      const counters = (text: string) =>
        `# TYPE c counter\n${[
          ...new Map(
            samples(text)
              .filter(({ value }) => value >= 0 && Number.isFinite(value))
              .map(({ labels, value }) => [labels, `c${labels} ${value}`])
          ).values()
        ].join("\n")}\n`
      const values = new Map(samples(counters(earlier)).map(({ labels, value }) => [labels, value]))
      const later = samples(counters(now))
      const wentDown = later.some(({ labels, value }) => value < (values.get(labels) ?? 0))
      const told = samples(deltaOf(counters(earlier), counters(now)))
      assert.deepStrictEqual(
        told.map(({ value }) => value),
        later.map(({ labels, value }) => (wentDown ? value : value - (values.get(labels) ?? 0)))
      )
      assert.isTrue(told.every(({ value }) => value >= 0))
    },
    { arbitrary: { runs: 200 } }
  )

  it("comes in pieces that may be as long as a label", () => {
    const long = `c{a="${"x".repeat(200_000)}"} 1\n`.repeat(1)
    const many = Array.from({ length: 30_000 }, (_, i) => `c{i="${i}"} ${i}`).join("\n")
    const text = `# TYPE c counter\n${long}${many}\n`
    assert.strictEqual(deltaOf(undefined, text), text)
  })
})

import { assert, describe, it } from "@effect/vitest"
import { deltaText } from "../../../src/layers/stats/delta.ts"
import { makeDictionary } from "../../../src/layers/stats/dictionary.ts"
import { samples } from "../../exposition.ts"
import { Exposition, textOf } from "./generate.ts"
import { snapshotOf, textOfPieces } from "./reading.ts"

const deltaOf = (before: string | undefined, now: string) => {
  const dictionary = makeDictionary()
  const earlier = before === undefined ? undefined : snapshotOf(before, dictionary)
  return textOfPieces(deltaText(earlier, snapshotOf(now, dictionary)))
}

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

  it("subtracts counters and histograms, keeps gauges and new series as they are, and leaves out series that are gone", () => {
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

  it("is the whole snapshot if a counter decreased", () => {
    const restarted = after.replace('c{a="}"} 17', 'c{a="}"} 2')
    assert.strictEqual(deltaOf(before, restarted), restarted)
    assert.strictEqual(deltaOf(undefined, after), after)
  })

  it.prop(
    "is never negative for a counter, and agrees with an independent parser",
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
      const hasDecreased = later.some(({ labels, value }) => value < (values.get(labels) ?? 0))
      const delta = samples(deltaOf(counters(earlier), counters(now)))
      assert.deepStrictEqual(
        delta.map(({ value }) => value),
        later.map(({ labels, value }) => (hasDecreased ? value : value - (values.get(labels) ?? 0)))
      )
      assert.isTrue(delta.every(({ value }) => value >= 0))
    },
    { arbitrary: { runs: 200 } }
  )

  it("comes in pieces, also with a line longer than a piece", () => {
    const long = `c{a="${"x".repeat(200_000)}"} 1\n`.repeat(1)
    const many = Array.from({ length: 30_000 }, (_, i) => `c{i="${i}"} ${i}`).join("\n")
    const text = `# TYPE c counter\n${long}${many}\n`
    assert.strictEqual(deltaOf(undefined, text), text)
  })
})

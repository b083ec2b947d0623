import { Schema, SchemaTransformation } from "effect"

const millisecondsOf: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000
}

const parse = (text: string): number => {
  const parts = [...text.matchAll(/(\d+\.?\d*|\.\d+)([a-z\u00b5\u03bc]+)/g)]
  const total = parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (millisecondsOf[unit] ?? 0), 0)
  // Rounded to nanoseconds, in which Go counts: sums of decimal fractions are off by less.
  return Math.round(total * 1e6) / 1e6
}

/** Milliseconds as text with a unit that Go and Envoy read: `5s`, `300ms`. */
export const formatDuration = (milliseconds: number): string =>
  milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`

/** Milliseconds, from the syntax of Go's `time.ParseDuration`: `5s`, `1m30s`, `1.5h`, `300ms`. Only 0 needs no unit. */
export const GoDuration = Schema.String.check(
  Schema.isPattern(/^\+?(0|((\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$/)
).pipe(Schema.decodeTo(Schema.Finite, SchemaTransformation.transform({ decode: parse, encode: formatDuration })))

/** The longest duration of Go (2^63 - 1 ns), in milliseconds. */
export const maximumGoDuration = 9_223_372_036_854

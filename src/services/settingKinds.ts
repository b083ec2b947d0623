// The kinds of settings: how the text of a variable becomes a value, and what is said of it where it does not.
import { type Redacted, Schema, SchemaTransformation } from "effect"
import { isIpAddress, isIpv6, parseHostPort } from "./hostPort.ts"

/** Which ways of getting configuration a setting matters in; `all` is every way. */
export type Mode = "all" | "app mesh" | "service connect" | "standalone" | "relay" | "local relay"

export type Group =
  | "Envoy and its bootstrap"
  | "Standalone mode"
  | "Stats and tracing"
  | "Running Envoy"
  | "Management API"
  | "Health"
  | "Logs"
  | "Relay mode"
  | "Local relay mode"
  | "Platform"

/**
 * What becomes of a value that cannot be used: `error` ends the start, naming it; `clamp` takes the nearest bound
 * (or the default, where it cannot be read at all) with a warning; `fallback` takes the default with a warning.
 */
export type Policy = "error" | "clamp" | "fallback"

export interface Range {
  readonly minimum: number
  readonly maximum: number
}

/** One row of the table. `A` is the type of the decoded value. */
export interface Setting<A> {
  readonly group: Group
  readonly modes: ReadonlyArray<Mode>
  readonly description: string
  /** Decodes a trimmed text that is not empty. With the policy `clamp`, the range is not part of it. */
  readonly schema: Schema.Codec<A, string>
  readonly default: A
  /** The default in words, where it is computed elsewhere or unreadable as a value. */
  readonly defaultText: string | undefined
  /** What is allowed, in words that follow "expected". */
  readonly allowed: string
  readonly policy: Policy
  readonly range: Range | undefined
  readonly secret: boolean
  /** `duration` values are milliseconds, and are shown as text with a unit. */
  readonly unit: "duration" | undefined
}

type Place = Pick<Setting<unknown>, "group" | "modes" | "description" | "defaultText">

/** A place in the documentation: `place(group, modes)(description, default in words)`. */
export const place =
  (group: Group, modes: ReadonlyArray<Mode> = ["all"]) =>
  (description: string, defaultText?: string): Place => ({ group, modes, description, defaultText })

const row = <A>(
  where: Place,
  what: Pick<Setting<A>, "schema" | "default" | "allowed"> & Partial<Setting<A>>
): Setting<A> => ({ policy: "error", range: undefined, secret: false, unit: undefined, ...where, ...what })

interface Kind<A> extends Pick<Setting<A>, "schema" | "allowed"> {}

const anyText: Kind<string> = { schema: Schema.String, allowed: "any text" }

const textWhere = (allowed: string, isRight: (text: string) => boolean): Kind<string> => ({
  schema: Schema.String.check(Schema.makeFilter(isRight)),
  allowed
})

export const address = textWhere("an IPv4 or IPv6 address", isIpAddress)

export const listenAddress = textWhere("host:port, with an IPv6 address in brackets", (text) => {
  const endpoint = parseHostPort(text)
  return endpoint !== undefined && (!endpoint.host.includes(":") || isIpv6(endpoint.host))
})

const isDaemon = (text: string) => isIpAddress(text) || isIpAddress(parseHostPort(text)?.host ?? "")

export const daemonAddress = textWhere(
  "IP, IP:port, [v6]:port or tcp:IP:port udp:IP:port; a host name is not possible",
  (text) => {
    const parts = text.split(/\s+/)
    return parts.length === 1
      ? isDaemon(text)
      : parts.length === 2 &&
          ["tcp:", "udp:"].every((scheme) => {
            const part = parts.find((candidate) => candidate.startsWith(scheme))
            return part !== undefined && isDaemon(part.slice(scheme.length))
          })
  }
)

/** The kernel refuses longer ones, and so does Envoy. */
const longestSocketPath = 107

/** `unix:/path` and `unix:///path` are taken for `/path`. */
export const socketPath: Kind<string> = {
  schema: Schema.String.pipe(
    Schema.decodeTo(
      Schema.String.check(Schema.makeFilter((path) => new TextEncoder().encode(path).length <= longestSocketPath)),
      SchemaTransformation.transform({
        decode: (path) => path.replace(/^unix:(\/\/)?/, ""),
        encode: (path) => path
      })
    )
  ),
  allowed: `the path of a unix socket, at most ${longestSocketPath} bytes`
}

export const text = (where: Place, kind = anyText): Setting<string | undefined> =>
  row(where, { ...kind, default: undefined })

export const textOr = (fallback: string, where: Place, kind = anyText): Setting<string> =>
  row(where, { ...kind, default: fallback })

export const secret = (where: Place): Setting<Redacted.Redacted<string> | undefined> =>
  row(where, {
    schema: Schema.RedactedFromValue(Schema.String),
    allowed: "any text",
    default: undefined,
    secret: true
  })

const trueWords = ["1", "t", "T", "TRUE", "true", "True"] as const
const falseWords = ["0", "f", "F", "FALSE", "false", "False"] as const

/** What Go's strconv.ParseBool reads. */
const truth: Kind<boolean> = {
  schema: Schema.Literals([...trueWords, ...falseWords]).pipe(
    Schema.decodeTo(
      Schema.Boolean,
      SchemaTransformation.transform({
        decode: (word) => trueWords.some((candidate) => candidate === word),
        encode: (value) => (value ? "true" : "false")
      })
    )
  ),
  allowed: "1, t, true or 0, f, false"
}

export const boolean = (fallback: boolean, where: Place): Setting<boolean> =>
  row(where, { ...truth, default: fallback })

/** A boolean whose absence means something of its own. */
export const maybeBoolean = (where: Place): Setting<boolean | undefined> => row(where, { ...truth, default: undefined })

const words = <const W extends string>(members: ReadonlyArray<W>): Kind<W> => ({
  schema: Schema.String.pipe(
    Schema.decode(SchemaTransformation.toLowerCase()),
    Schema.decodeTo(Schema.Literals(members))
  ),
  allowed: `one of ${members.join(", ")}`
})

export const oneOf = <const W extends string>(
  members: ReadonlyArray<W>,
  fallback: NoInfer<W>,
  where: Place
): Setting<W> => row(where, { ...words(members), default: fallback })

export const maybeOneOf = <const W extends string>(members: ReadonlyArray<W>, where: Place): Setting<W | undefined> =>
  row<W | undefined>(where, { ...words(members), default: undefined })

/** `auto`, or a boolean, which becomes 1 or 0. */
export const autoOrBoolean = (where: Place): Setting<"auto" | "1" | "0"> =>
  row(where, {
    schema: Schema.String.check(Schema.makeFilter((word) => /^(auto|1|t|true|0|f|false)$/i.test(word))).pipe(
      Schema.decodeTo(
        Schema.Literals(["auto", "1", "0"]),
        SchemaTransformation.transform({
          decode: (word) => (/^auto$/i.test(word) ? "auto" : /^[1t]/i.test(word) ? "1" : "0"),
          encode: (value) => value
        })
      )
    ),
    allowed: "auto, 1 or 0",
    default: "auto"
  })

const numeric = SchemaTransformation.transform({ decode: Number, encode: String })

const Whole = Schema.String.check(Schema.isPattern(/^[+-]?\d{1,15}$/)).pipe(Schema.decodeTo(Schema.Int, numeric))

export const Decimal = Schema.String.check(Schema.isPattern(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?$/i)).pipe(
  Schema.decodeTo(Schema.Finite, numeric)
)

/** However far outside a range it is, a whole number has a nearest bound. */
const AnyWhole = Schema.String.check(Schema.isPattern(/^[+-]?\d{1,300}$/)).pipe(Schema.decodeTo(Schema.Finite, numeric))

const between = (minimum: number, maximum: number) => `from ${minimum} to ${maximum}`

/** A number that shapes the bootstrap: outside its bounds it is an error. */
export const whole = (minimum: number, maximum: number, what = "a whole number"): Kind<number> => ({
  schema: Whole.check(Schema.isBetween({ minimum, maximum })),
  allowed: `${what} ${between(minimum, maximum)}`
})

export const largestUint32 = 4_294_967_295

export const anyPort = whole(1, 65_535, "a port")

export const number = (fallback: number, kind: Kind<number>, where: Place): Setting<number> =>
  row(where, { ...kind, default: fallback })

export const maybeNumber = (kind: Kind<number | undefined>, where: Place): Setting<number | undefined> =>
  row(where, { ...kind, default: undefined })

/** An operational whole number: outside its range it becomes the nearest bound, with a warning. */
export const clamped = (
  fallback: number,
  [minimum, maximum]: readonly [number, number],
  where: Place
): Setting<number> =>
  row(where, {
    schema: AnyWhole,
    allowed: `a whole number ${between(minimum, maximum)}`,
    default: fallback,
    policy: "clamp",
    range: { minimum, maximum }
  })

export const clampedDecimal = (fallback: number, range: readonly [number, number], where: Place): Setting<number> => ({
  ...clamped(fallback, range, where),
  schema: Decimal,
  allowed: `a number ${between(...range)}`
})

export const workers: Kind<number | undefined> = {
  schema: Whole.check(Schema.isLessThanOrEqualTo(largestUint32)).pipe(
    Schema.decodeTo(
      Schema.UndefinedOr(Schema.Int),
      SchemaTransformation.transform({
        decode: (value) => (value < 1 ? undefined : value),
        encode: (value) => value ?? -1
      })
    )
  ),
  allowed: "a whole number"
}

const millis: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000
}

const readDuration = (value: string) => {
  const parts = [...value.matchAll(/(\d+\.?\d*|\.\d+)([a-z\u00b5\u03bc]+)/g)]
  const total = parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (millis[unit] ?? 0), 0)
  // Sums of decimal fractions are off by less than the nanosecond that Go counts in.
  return Math.round(total * 1e6) / 1e6
}

/** Milliseconds as text with a unit, as Go and Envoy read it. */
export const showDuration = (value: number): string => (value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`)

/**
 * Milliseconds, from the syntax of Go's time.ParseDuration: `5s`, `1m30s`, `1.5h`, `300ms`. Only 0 goes without a unit.
 */
export const GoDuration = Schema.String.check(
  Schema.isPattern(/^\+?(0|((\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$/)
).pipe(Schema.decodeTo(Schema.Finite, SchemaTransformation.transform({ decode: readDuration, encode: showDuration })))

export const duration = (minimum: number, maximum: number, allowed: string): Kind<number> => ({
  schema: GoDuration.check(Schema.isBetween({ minimum, maximum })),
  allowed: `a duration with a unit, like 5s, 1m30s or 300ms, ${allowed}`
})

/** What a duration of Go can hold, in milliseconds. */
export const longestGoDuration = 9_223_372_036_854

export const logLevels = ["trace", "debug", "info", "warn", "warning", "error", "critical", "off"] as const

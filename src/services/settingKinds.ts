// The kinds of settings: how the text of a variable is decoded, which texts are allowed, and what is the default.
import { type Redacted, Schema, SchemaTransformation } from "effect"
import { GoDuration } from "./goDuration.ts"
import { isIpAddress, isIpv6, isListenHost, parseHostPort } from "./hostPort.ts"
import { isSocketPath, maximumSocketPathBytes, socketPathIn, wholeNumberPattern } from "./managementSettings.ts"
import type { Mode, Setting, SettingDocumentation, SettingGroup } from "./Setting.ts"

/**
 * The documentation of the settings of one group and the same modes: `documented(group, modes)(description, default)`.
 */
export const documented =
  (group: SettingGroup, modes: ReadonlyArray<Mode | "all"> = ["all"]) =>
  (description: string, defaultText?: string): SettingDocumentation => ({ group, modes, description, defaultText })

const setting = <A>(
  documentation: SettingDocumentation,
  row: Pick<Setting<A>, "schema" | "default" | "allowed"> & Partial<Setting<A>>
): Setting<A> => ({
  policy: "error",
  warnsIfUnset: false,
  range: undefined,
  secret: false,
  unit: undefined,
  ...documentation,
  ...row
})

/** How the text of a variable is decoded, and which texts are allowed, in words. */
interface Kind<A> extends Pick<Setting<A>, "schema" | "allowed"> {}

// Text

const anyText: Kind<string> = { schema: Schema.String, allowed: "any text" }

const textThat = (isAllowed: (text: string) => boolean, allowed: string): Kind<string> => ({
  schema: Schema.String.check(Schema.makeFilter(isAllowed)),
  allowed
})

export const optionalText = (documentation: SettingDocumentation, kind = anyText): Setting<string | undefined> =>
  setting(documentation, { ...kind, default: undefined })

export const text = (defaultValue: string, documentation: SettingDocumentation, kind = anyText): Setting<string> =>
  setting(documentation, { ...kind, default: defaultValue })

export const secret = (documentation: SettingDocumentation): Setting<Redacted.Redacted<string> | undefined> =>
  setting(documentation, {
    schema: Schema.RedactedFromValue(Schema.String),
    allowed: "any text",
    default: undefined,
    secret: true
  })

export const ipAddress = textThat(isIpAddress, "an IPv4 or IPv6 address")

export const listenAddress = textThat((text) => {
  const endpoint = parseHostPort(text)
  return endpoint !== undefined && (!endpoint.host.includes(":") || isIpv6(endpoint.host))
}, "host:port, with an IPv6 address in brackets")

export const bindAddress = textThat(isListenHost, "an IP address or a host name, without a port")

const isIpWithOptionalPort = (text: string) => isIpAddress(text) || isIpAddress(parseHostPort(text)?.host ?? "")

/** Envoy's X-Ray tracer resolves no names. */
export const xrayDaemonAddress = textThat((text) => {
  const parts = text.split(/\s+/)
  if (parts.length === 1) return isIpWithOptionalPort(text)
  return (
    parts.length === 2 &&
    ["tcp:", "udp:"].every((scheme) => {
      const part = parts.find((candidate) => candidate.startsWith(scheme))
      return part !== undefined && isIpWithOptionalPort(part.slice(scheme.length))
    })
  )
}, "an address like IP, IP:port, [IPv6]:port or tcp:IP:port udp:IP:port, but not a host name")

/** `unix:/path` and `unix:///path` mean `/path`. */
export const socketPath: Kind<string> = {
  schema: Schema.String.pipe(
    Schema.decodeTo(
      Schema.String.check(Schema.makeFilter(isSocketPath)),
      SchemaTransformation.transform({ decode: socketPathIn, encode: (path) => path })
    )
  ),
  allowed: `the path of a unix socket, at most ${maximumSocketPathBytes} bytes`
}

// Booleans

const trueTexts = ["1", "t", "T", "TRUE", "true", "True"] as const
const falseTexts = ["0", "f", "F", "FALSE", "false", "False"] as const

/** The texts of Go's `strconv.ParseBool`. */
const goBoolean: Kind<boolean> = {
  schema: Schema.Literals([...trueTexts, ...falseTexts]).pipe(
    Schema.decodeTo(
      Schema.Boolean,
      SchemaTransformation.transform({
        decode: (text) => trueTexts.some((trueText) => trueText === text),
        encode: (value) => (value ? "true" : "false")
      })
    )
  ),
  allowed: "1, t, true or 0, f, false"
}

export const boolean = (defaultValue: boolean, documentation: SettingDocumentation): Setting<boolean> =>
  setting(documentation, { ...goBoolean, default: defaultValue })

/** A boolean that only the agent uses: the default if it cannot be read, with a warning. */
export const operationalBoolean = (defaultValue: boolean, documentation: SettingDocumentation): Setting<boolean> => ({
  ...boolean(defaultValue, documentation),
  policy: "fallback"
})

/** A boolean whose absence means neither true nor false. */
export const optionalBoolean = (documentation: SettingDocumentation): Setting<boolean | undefined> =>
  setting(documentation, { ...goBoolean, default: undefined })

/** `auto`, or a boolean, which is decoded to 1 or 0. */
export const autoOrBoolean = (documentation: SettingDocumentation): Setting<"auto" | "1" | "0"> =>
  setting(documentation, {
    schema: Schema.String.check(Schema.makeFilter((text) => /^(auto|1|t|true|0|f|false)$/i.test(text))).pipe(
      Schema.decodeTo(
        Schema.Literals(["auto", "1", "0"]),
        SchemaTransformation.transform({
          decode: (text) => (/^auto$/i.test(text) ? "auto" : /^[1t]/i.test(text) ? "1" : "0"),
          encode: (value) => value
        })
      )
    ),
    allowed: "auto, 1 or 0",
    default: "auto"
  })

// Enumerations, in any case

const memberOf = <const M extends string>(members: ReadonlyArray<M>): Kind<M> => ({
  schema: Schema.String.pipe(
    Schema.decode(SchemaTransformation.toLowerCase()),
    Schema.decodeTo(Schema.Literals(members))
  ),
  allowed: `one of ${members.join(", ")}`
})

export const oneOf = <const M extends string>(
  members: ReadonlyArray<M>,
  defaultValue: NoInfer<M>,
  documentation: SettingDocumentation
): Setting<M> => setting(documentation, { ...memberOf(members), default: defaultValue })

export const optionalOneOf = <const M extends string>(
  members: ReadonlyArray<M>,
  documentation: SettingDocumentation
): Setting<M | undefined> => setting<M | undefined>(documentation, { ...memberOf(members), default: undefined })

/** The first of these words that the text contains, in any case. */
export const oneContained = <const M extends string>(
  words: ReadonlyArray<M>,
  defaultValue: NoInfer<M>,
  documentation: SettingDocumentation
): Setting<M> => {
  const contained = (text: string) => words.find((word) => text.toLowerCase().includes(word))
  return setting<M>(documentation, {
    schema: Schema.String.check(Schema.makeFilter((text) => contained(text) !== undefined)).pipe(
      Schema.decodeTo(
        Schema.Literals(words),
        SchemaTransformation.transform<M, string>({
          decode: (text) => contained(text) ?? defaultValue,
          encode: (word) => word
        })
      )
    ),
    allowed: `one of ${words.join(", ")}`,
    default: defaultValue
  })
}

/** One of these words; any other one counts as not set, with a warning. */
export const optionalOneOfElseUnset = <const M extends string>(
  members: ReadonlyArray<M>,
  documentation: SettingDocumentation
): Setting<M | undefined> => {
  const member = (text: string) => members.find((candidate) => candidate === text.toLowerCase())
  return setting<M | undefined>(documentation, {
    schema: Schema.String.pipe(
      Schema.decodeTo(
        Schema.UndefinedOr(Schema.Literals(members)),
        SchemaTransformation.transform<M | undefined, string>({ decode: member, encode: (value) => value ?? "" })
      )
    ),
    allowed: `one of ${members.join(", ")}`,
    default: undefined,
    policy: "fallback",
    warnsIfUnset: true
  })
}

// Numbers

const numberFromText = SchemaTransformation.transform({ decode: Number, encode: String })

const WholeNumber = Schema.String.check(Schema.isPattern(wholeNumberPattern)).pipe(
  Schema.decodeTo(Schema.Int, numberFromText)
)

const DecimalNumber = Schema.String.check(Schema.isPattern(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?$/i)).pipe(
  Schema.decodeTo(Schema.Finite, numberFromText)
)

/** Any number of digits, so that a number far outside its range is clamped as well. */
const UnlimitedWholeNumber = Schema.String.check(Schema.isPattern(/^[+-]?\d{1,300}$/)).pipe(
  Schema.decodeTo(Schema.Finite, numberFromText)
)

const between = (minimum: number, maximum: number) => `from ${minimum} to ${maximum}`

export const maximumUint32 = 4_294_967_295

/** A whole number of which a value outside the bounds is an error. `noun` is what the documentation calls it. */
export const wholeNumber = (minimum: number, maximum: number, noun = "a whole number"): Kind<number> => ({
  schema: WholeNumber.check(Schema.isBetween({ minimum, maximum })),
  allowed: `${noun} ${between(minimum, maximum)}`
})

export const decimalNumber = (minimum: number, maximum: number): Kind<number> => ({
  schema: DecimalNumber.check(Schema.isBetween({ minimum, maximum })),
  allowed: `a decimal number ${between(minimum, maximum)}`
})

export const anyPort = wholeNumber(1, 65_535, "a port")

/** A whole number of which everything below 1 means "not set". */
export const positiveOrUnset: Kind<number | undefined> = {
  schema: WholeNumber.check(Schema.isLessThanOrEqualTo(maximumUint32)).pipe(
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

/** The same, with a warning that says so. */
export const positiveElseUnset = (documentation: SettingDocumentation): Setting<number | undefined> =>
  setting<number | undefined>(documentation, {
    ...positiveOrUnset,
    allowed: `a whole number ${between(1, maximumUint32)}`,
    default: undefined,
    warnsIfUnset: true
  })

export const number = (
  defaultValue: number,
  kind: Kind<number>,
  documentation: SettingDocumentation
): Setting<number> => setting(documentation, { ...kind, default: defaultValue })

export const optionalNumber = (
  kind: Kind<number | undefined>,
  documentation: SettingDocumentation
): Setting<number | undefined> => setting(documentation, { ...kind, default: undefined })

/** A whole number that becomes the nearest bound, with a warning, if it is outside its range. */
export const clamped = (
  defaultValue: number,
  [minimum, maximum]: readonly [number, number],
  documentation: SettingDocumentation
): Setting<number> =>
  setting(documentation, {
    schema: UnlimitedWholeNumber,
    allowed: `a whole number ${between(minimum, maximum)}`,
    default: defaultValue,
    policy: "clamp",
    range: { minimum, maximum }
  })

/** The same for a decimal number. */
export const clampedDecimal = (
  defaultValue: number,
  range: readonly [number, number],
  documentation: SettingDocumentation
): Setting<number> => ({
  ...clamped(defaultValue, range, documentation),
  schema: DecimalNumber,
  allowed: `a number ${between(...range)}`
})

// Durations, in milliseconds

const durationBetween = (minimum: number, maximum: number, rangeText: string): Kind<number> => ({
  schema: GoDuration.check(Schema.isBetween({ minimum, maximum })),
  allowed: `a duration with a unit, like 5s, 1m30s or 300ms, ${rangeText}`
})

export const duration = (
  defaultValue: number,
  [minimum, maximum]: readonly [number, number],
  rangeText: string,
  documentation: SettingDocumentation
): Setting<number> =>
  setting(documentation, {
    ...durationBetween(minimum, maximum, rangeText),
    default: defaultValue,
    unit: "duration"
  })

export const optionalDuration = (
  [minimum, maximum]: readonly [number, number],
  rangeText: string,
  documentation: SettingDocumentation
): Setting<number | undefined> =>
  setting<number | undefined>(documentation, {
    ...durationBetween(minimum, maximum, rangeText),
    default: undefined,
    unit: "duration"
  })

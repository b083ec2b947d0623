import { Effect, Result } from "effect"
import type { Json } from "../../../services/Bootstrap.ts"

/** Bytes of a file that are read at most: what is larger is no bootstrap by hand, and would cost a second, and memory by the hundred megabytes. */
export const longestFile = 524_288
/** Collections within collections; Envoy's own messages go a dozen deep. */
const deepest = 100
/** Words and signs of the text: each costs the parser most of a kilobyte. */
const mostTokens = 200_000
/** Values in all, with every alias written out. */
const mostValues = 500_000

export interface YamlDocument {
  /** Undefined where the text holds no value. */
  readonly value: Json | undefined
  /** `line 3, column 1`: where a top-level key stands; without one, where the content begins. */
  readonly placeOf: (key?: string) => string
}

// Only custom files need the parser, so that no other start loads it.
const library = Effect.promise(() => import("yaml"))
type Yaml = Effect.Success<typeof library>

interface Problem {
  readonly offset: number
  readonly what: string
}

const at = (lines: InstanceType<Yaml["LineCounter"]>, offset: number) => {
  const { col, line } = lines.linePos(offset)
  return `line ${Math.max(line, 1)}, column ${Math.max(col, 1)}`
}

/** The concrete syntax, token by token, so that text that only nests is left before it fills the memory. */
const tokensOf = ({ Lexer, Parser }: Yaml, source: string, addNewLine: (offset: number) => void) => {
  const parser = new Parser(addNewLine)
  addNewLine(0)
  const tokens = []
  let count = 0
  for (const lexeme of new Lexer().lex(source)) {
    tokens.push(...parser.next(lexeme))
    count += 1
    if (count > mostTokens) {
      return Result.fail({ offset: parser.offset, what: `more than ${mostTokens} words and signs up to here` })
    }
    if (parser.stack.length > deepest) {
      return Result.fail({ offset: parser.offset, what: `more than ${deepest} collections within each other` })
    }
  }
  tokens.push(...parser.end())
  return Result.succeed(tokens)
}

/** Go's reading of YAML 1.1 knows neither dates nor numbers of base 60. */
const isRead = ({ format, tag }: { readonly format?: string; readonly tag: string }) =>
  format !== "TIME" && tag !== "tag:yaml.org,2002:timestamp"

/** proto3 JSON of what the parser makes; integers beyond 2^53 are texts there. */
const toJson = (whole: unknown): Result.Result<Json | undefined, string> => {
  let values = 0
  let problem: string | undefined
  const convert = (value: unknown, depth: number): Json => {
    values += 1
    if (values > mostValues || depth > deepest) problem ??= `aliases make more than ${mostValues} values of it`
    if (problem !== undefined) return null
    switch (typeof value) {
      case "string":
      case "boolean":
        return value
      case "bigint":
        return Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`
      case "number":
        if (!Number.isFinite(value)) problem ??= `${value} is no value of JSON`
        return value
      case "object":
        if (value === null) return null
        if (Array.isArray(value)) return value.map((item: unknown) => convert(item, depth + 1))
        if (value instanceof Uint8Array) return Buffer.from(value).toString("base64")
        return Object.fromEntries(
          (value instanceof Map ? [...value] : Object.entries(value)).map(
            ([key, field]: readonly [unknown, unknown]) => [`${key}`, convert(field, depth + 1)]
          )
        )
      default:
        return null
    }
  }
  const json = whole === undefined ? undefined : convert(whole, 0)
  return problem === undefined ? Result.succeed(json) : Result.fail(problem)
}

const parse = (
  yaml: Yaml,
  source: string,
  lines: InstanceType<Yaml["LineCounter"]>
): Result.Result<YamlDocument, Problem> => {
  const tokens = tokensOf(yaml, source, lines.addNewLine)
  if (Result.isFailure(tokens)) return Result.fail(tokens.failure)
  const composer = new yaml.Composer({
    version: "1.1",
    merge: true,
    intAsBigInt: true,
    prettyErrors: false,
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || isRead(tag))
  })
  const [document, second] = [...composer.compose(tokens.success, true, source.length)]
  if (document === undefined) return Result.succeed({ value: undefined, placeOf: () => at(lines, 0) })
  const [error] = document.errors
  if (error !== undefined) return Result.fail({ offset: error.pos[0], what: error.message.split("\n", 1)[0] ?? "" })
  if (second !== undefined) return Result.fail({ offset: second.range[0], what: "a second document" })
  const { contents } = document
  const json = toJson(contents === null ? undefined : document.toJS({ maxAliasCount: -1 }))
  if (Result.isFailure(json)) {
    let offset = 0
    yaml.visit(document, {
      Alias: (_key, alias) => {
        offset = alias.range?.[0] ?? offset
      }
    })
    return Result.fail({ offset, what: json.failure })
  }
  const keys = new Map<string, number>()
  if (yaml.isMap(contents)) {
    for (const { key } of contents.items) if (yaml.isScalar(key)) keys.set(`${key.value}`, key.range?.[0] ?? 0)
  }
  const start = contents?.range?.[0] ?? 0
  return Result.succeed({
    value: json.success === null ? undefined : json.success,
    placeOf: (key) => at(lines, (key === undefined ? undefined : keys.get(key)) ?? start)
  })
}

/** Reads YAML 1.1; fails with one line about the first thing that is wrong, and its place. */
export const readYaml = (source: string): Effect.Effect<YamlDocument, string> =>
  Effect.flatMap(library, (yaml) => {
    const lines = new yaml.LineCounter()
    // The parser throws at some of what it cannot resolve.
    const read = Result.try(() => parse(yaml, source, lines))
    if (Result.isFailure(read)) {
      return Effect.fail(`line 1, column 1: ${read.failure instanceof Error ? read.failure.message : read.failure}`)
    }
    return Result.isSuccess(read.success)
      ? Effect.succeed(read.success.success)
      : Effect.fail(`${at(lines, read.success.failure.offset)}: ${read.success.failure.what}`)
  })

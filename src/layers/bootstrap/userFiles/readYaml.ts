import { Data, Effect, Result } from "effect"
import type { Json } from "../../../services/Bootstrap.ts"
import { maximumYamlDepth, maximumYamlTokens } from "./limits.ts"
import { type ReasonAtOffset, yamlToJson } from "./yamlToJson.ts"

/** The text is not YAML, or exceeds a limit. Names the first problem only. */
export class YamlError extends Data.TaggedError("YamlError")<{
  /** `line 3, column 1`. */
  readonly position: string
  readonly reason: string
}> {
  override get message() {
    return `${this.position}: ${this.reason}`
  }
}

export interface YamlDocument {
  /** Undefined if the text holds no value, only comments for example. */
  readonly value: Json | undefined
  /** The position of a top-level key, like `line 3, column 1`. Without a known key, the position of the content. */
  readonly positionOf: (key?: string) => string
}

// Loaded on demand: most agents read no custom file.
const loadYaml = Effect.promise(() => import("yaml"))
type Yaml = Effect.Success<typeof loadYaml>

const formatPosition = (lines: InstanceType<Yaml["LineCounter"]>, offset: number) => {
  const { col, line } = lines.linePos(offset)
  return `line ${Math.max(line, 1)}, column ${Math.max(col, 1)}`
}

/** The concrete syntax, token by token, so that the parser stops at a limit before it has used much memory. */
const tokenize = ({ Lexer, Parser }: Yaml, source: string, addNewLine: (offset: number) => void) => {
  const parser = new Parser(addNewLine)
  addNewLine(0)
  const tokens = []
  let count = 0
  for (const lexeme of new Lexer().lex(source)) {
    tokens.push(...parser.next(lexeme))
    count += 1
    if (count > maximumYamlTokens) {
      return Result.fail({ offset: parser.offset, reason: `more than ${maximumYamlTokens} tokens up to here` })
    }
    if (parser.stack.length > maximumYamlDepth) {
      return Result.fail({
        offset: parser.offset,
        reason: `more than ${maximumYamlDepth} collections inside each other`
      })
    }
  }
  tokens.push(...parser.end())
  return Result.succeed(tokens)
}

/**
 * The YAML library that Go programs use reads neither dates nor numbers of base 60: both stay text. Nor does it know the
 * other collections of YAML 1.1, which become plain ones.
 */
const isReadByGo = ({ format, tag }: { readonly format?: string; readonly tag: string }) =>
  format !== "TIME" && !/^tag:yaml\.org,2002:(timestamp|omap|pairs|set)$/.test(tag)

const parse = (
  yaml: Yaml,
  source: string,
  lines: InstanceType<Yaml["LineCounter"]>
): Result.Result<YamlDocument, ReasonAtOffset> => {
  const tokens = tokenize(yaml, source, lines.addNewLine)
  if (Result.isFailure(tokens)) return Result.fail(tokens.failure)
  const composer = new yaml.Composer({
    version: "1.1",
    merge: true,
    resolveKnownTags: false,
    // The library compares each key with all others of its mapping: `yamlToJson` finds a duplicate faster.
    uniqueKeys: false,
    intAsBigInt: true,
    prettyErrors: false,
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || isReadByGo(tag))
  })
  const [document, second] = [...composer.compose(tokens.success, true, source.length)]
  if (document === undefined) return Result.succeed({ value: undefined, positionOf: () => formatPosition(lines, 0) })
  const [error] = document.errors
  if (error !== undefined) return Result.fail({ offset: error.pos[0], reason: error.message.split("\n", 1)[0] ?? "" })
  if (second !== undefined) return Result.fail({ offset: second.range[0], reason: "a second document" })

  const { contents } = document
  const json = contents === null ? Result.succeed(null) : yamlToJson(yaml, contents)
  if (Result.isFailure(json)) return Result.fail(json.failure)

  const keyOffsets = new Map<string, number>()
  if (yaml.isMap(contents)) {
    for (const { key } of contents.items) if (yaml.isScalar(key)) keyOffsets.set(`${key.value}`, key.range?.[0] ?? 0)
  }
  const contentOffset = contents?.range?.[0] ?? 0
  return Result.succeed({
    value: json.success ?? undefined,
    positionOf: (key) => formatPosition(lines, (key === undefined ? undefined : keyOffsets.get(key)) ?? contentOffset)
  })
}

/** Reads YAML 1.1 as Go programs read it, within the limits of `limits.ts`. */
export const readYaml = (source: string): Effect.Effect<YamlDocument, YamlError> =>
  Effect.flatMap(loadYaml, (yaml) => {
    const lines = new yaml.LineCounter()
    // The parser throws on some references that it cannot resolve.
    const parsed = Result.try(() => parse(yaml, source, lines))
    if (Result.isFailure(parsed)) {
      const reason = parsed.failure instanceof Error ? parsed.failure.message : `${parsed.failure}`
      return Effect.fail(new YamlError({ position: formatPosition(lines, 0), reason }))
    }
    return Effect.fromResult(
      Result.mapError(
        parsed.success,
        ({ offset, reason }) => new YamlError({ position: formatPosition(lines, offset), reason })
      )
    )
  })

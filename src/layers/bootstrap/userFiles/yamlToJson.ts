import { Result } from "effect"
import type { Alias, Node, Pair, Scalar } from "yaml"
import type { Json } from "../../../services/Bootstrap.ts"
import { maximumYamlDepth, maximumYamlValues } from "./limits.ts"

type Yaml = typeof import("yaml")

/** Why a document is no JSON, and where in its text. */
export interface ReasonAtOffset {
  readonly offset: number
  readonly reason: string
}

// The library's own conversion looks for the anchor of each alias from the beginning of the document, and evaluates the
// source of a merge key (`<<`) anew for each merge. Some hundred bytes of nested merges would keep it busy for minutes.

const offsetOf = ({ range }: Pick<Node, "range">) => range?.[0] ?? 0

/** The node that each alias stands for: the last one before it with that anchor. A duplicate key is a failure. */
const resolveAliases = (yaml: Yaml, contents: Node): Result.Result<ReadonlyMap<Alias, Node>, ReasonAtOffset> => {
  const anchored = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  let problem: ReasonAtOffset | undefined
  yaml.visit(contents, {
    Alias: (_key, alias) => {
      const target = anchored.get(alias.source)
      if (target !== undefined) {
        targets.set(alias, target)
        return undefined
      }
      problem = { offset: offsetOf(alias), reason: `there is no anchor &${alias.source} before this alias` }
      return yaml.visit.BREAK
    },
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchored.set(node.anchor, node)
      if (!yaml.isMap(node)) return undefined
      const keys = new Set<unknown>()
      for (const { key } of node.items) {
        if (!yaml.isScalar(key)) continue
        if (keys.has(key.value)) {
          problem = { offset: offsetOf(key), reason: "Map keys must be unique" }
          return yaml.visit.BREAK
        }
        keys.add(key.value)
      }
      return undefined
    }
  })
  return problem === undefined ? Result.succeed(targets) : Result.fail(problem)
}

/** `<<` without quotes. The library makes a symbol of it, which is another one for each key. */
const isMergeKey = (key: Scalar) => typeof key.value === "symbol"

const scalarToJson = (value: unknown): Result.Result<Json, string> => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return Result.succeed(value)
    case "bigint":
      return Result.succeed(Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`)
    case "number":
      return Number.isFinite(value) ? Result.succeed(value) : Result.fail(`${value} is not a JSON value`)
    default:
      return Result.succeed(value instanceof Uint8Array ? Buffer.from(value).toString("base64") : null)
  }
}

/**
 * Converts a YAML document to proto3 JSON: an integer beyond 2^53 becomes text, binary data becomes base64. Fails if JSON
 * has no such value, or if aliases and merge keys expand to more than `maximumYamlValues`.
 */
export const yamlToJson = (yaml: Yaml, contents: Node): Result.Result<Json, ReasonAtOffset> => {
  const resolved = resolveAliases(yaml, contents)
  if (Result.isFailure(resolved)) return Result.fail(resolved.failure)
  const targets = resolved.success
  let values = 0
  let problem: ReasonAtOffset | undefined
  /** The alias that the document itself holds, while it is expanded. Its place is of use to the reader. */
  let outermostAlias: Alias | undefined
  const fail = (node: Pick<Node, "range">, reason: string) => {
    problem ??= { offset: offsetOf(outermostAlias ?? node), reason }
    return null
  }

  /** Calls `use` with the node that an alias stands for, or with the node itself. */
  const withTarget = <A>(node: Node, use: (target: Node) => A): A => {
    if (!yaml.isAlias(node)) return use(node)
    const outer = outermostAlias
    outermostAlias ??= node
    const used = use(targets.get(node) ?? node)
    outermostAlias = outer
    return used
  }

  const convert = (node: unknown, depth: number): Json => {
    values += 1
    if (problem !== undefined || !yaml.isNode(node)) return null
    // An alias may stand inside the collection that it refers to, so the depth may have no end.
    if (values > maximumYamlValues || depth > maximumYamlDepth) {
      return fail(node, `aliases expand to more than ${maximumYamlValues} values`)
    }
    return withTarget(node, (target) => {
      if (yaml.isScalar(target)) {
        return Result.getOrElse(scalarToJson(target.value), (reason) => fail(target, reason))
      }
      if (yaml.isSeq(target)) return target.items.map((item) => convert(item, depth + 1))
      return yaml.isMap(target) ? Object.fromEntries(fieldsOf(target.items, depth)) : null
    })
  }

  const keyOf = (key: unknown): string =>
    yaml.isNode(key)
      ? withTarget(key, (target) => {
          if (yaml.isScalar(target)) return target.value === null ? "" : `${target.value}`
          fail(target, "a key must be a text or a number, not a collection")
          return ""
        })
      : ""

  /** The fields of a mapping, with those that merge keys bring. Its own fields win, then those merged first. */
  const fieldsOf = (pairs: ReadonlyArray<Pair>, depth: number): Map<string, Json> => {
    const fields = new Map<string, Json>()
    for (const { key, value } of pairs) {
      if (yaml.isScalar(key) && isMergeKey(key)) {
        for (const [name, field] of mergedFields(yaml.isNode(value) ? value : key, depth + 1)) {
          if (!fields.has(name)) fields.set(name, field)
        }
      } else fields.set(keyOf(key), convert(value, depth + 1))
    }
    return fields
  }

  /** The fields of the mapping, or of the list of mappings, behind a merge key. */
  const mergedFields = (source: Node, depth: number): ReadonlyArray<readonly [string, Json]> => {
    values += 1
    if (problem !== undefined) return []
    if (values > maximumYamlValues || depth > maximumYamlDepth) {
      fail(source, `aliases expand to more than ${maximumYamlValues} values`)
      return []
    }
    return withTarget(source, (target) => {
      if (yaml.isMap(target)) return [...fieldsOf(target.items, depth)]
      if (yaml.isSeq(target)) {
        return target.items.flatMap((item) => (yaml.isNode(item) ? mergedFields(item, depth + 1) : []))
      }
      fail(target, "a merge key (<<) takes a mapping or a list of mappings")
      return []
    })
  }

  const json = convert(contents, 0)
  return problem === undefined ? Result.succeed(json) : Result.fail(problem)
}

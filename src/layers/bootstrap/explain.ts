import type { JsonObject, PartSource } from "../../services/Bootstrap.ts"
import type { SettingInForce } from "../../services/Config.ts"
import type { SettingName } from "../../services/Settings.ts"

type Yaml = typeof import("yaml")

const settingSourceTexts: Readonly<Record<SettingInForce["source"], string>> = {
  environment: "set",
  default: "default",
  clamped: "set, but changed to the nearest bound"
}

/** One entry for each path. A part may be marked more than once; the outermost mark comes first. */
const mergeByPath = (sources: ReadonlyArray<PartSource>): Iterable<PartSource> => {
  const merged = new Map<string, PartSource>()
  for (const source of sources) {
    const key = JSON.stringify(source.path)
    const outer = merged.get(key)
    merged.set(key, outer === undefined ? source : { ...outer, variables: [...outer.variables, ...source.variables] })
  }
  return merged.values()
}

/**
 * A bootstrap as YAML, with a comment at each part that variables determine: their names, and whether they are set.
 * Without the comments, the YAML is the bootstrap itself. With no `sources` there are no comments.
 */
export const explain = (
  yaml: Pick<Yaml, "Document" | "isCollection" | "isMap" | "isNode" | "isScalar">,
  value: JsonObject,
  sources: ReadonlyArray<PartSource>,
  inForce: ReadonlyArray<SettingInForce>
): string => {
  const textOf = new Map<SettingName, string>(inForce.map(({ name, source }) => [name, settingSourceTexts[source]]))
  // Envoy reads YAML 1.1, where an unquoted `yes` is a boolean.
  const document = new yaml.Document(value, { aliasDuplicateObjects: false, compat: "yaml-1.1" })
  for (const { path, variables } of mergeByPath(sources)) {
    const node = document.getIn(path, true)
    if (!yaml.isNode(node)) continue
    const comment = ` ${[...new Set(variables)].map((name) => `${name} (${textOf.get(name) ?? "default"})`).join(", ")}`
    const isOneLine = yaml.isScalar(node) || (yaml.isCollection(node) && node.items.length === 0)
    if (isOneLine) node.comment = comment
    else {
      const parent = document.getIn(path.slice(0, -1), true)
      const pair = yaml.isMap(parent)
        ? parent.items.find(({ key }) => yaml.isScalar(key) && key.value === path.at(-1))
        : undefined
      const lineBelow = pair !== undefined && yaml.isScalar(pair.key) ? pair.key : node
      lineBelow.commentBefore = comment
    }
  }
  return document.toString({ lineWidth: 0 }).trimEnd()
}

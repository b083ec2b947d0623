import type { Decision, JsonObject } from "../../services/Bootstrap.ts"
import type { SettingInForce } from "../../services/Config.ts"
import type { SettingName } from "../../services/Settings.ts"

type Yaml = typeof import("yaml")

const words: Readonly<Record<SettingInForce["source"], string>> = {
  environment: "set",
  default: "default",
  clamped: "set, but changed to the nearest bound"
}

/**
 * A bootstrap as YAML that says, at each part that variables decided, which ones and whether they were set. Without the
 * comments it is the bootstrap itself.
 */
export const explain = (
  yaml: Pick<Yaml, "Document" | "isCollection" | "isMap" | "isNode" | "isScalar">,
  value: JsonObject,
  decisions: ReadonlyArray<Decision>,
  inForce: ReadonlyArray<SettingInForce>
): string => {
  const sources = new Map<SettingName, string>(inForce.map(({ name, source }) => [name, words[source]]))
  // Envoy reads YAML 1.1, where `yes` is no text.
  const document = new yaml.Document(value, { aliasDuplicateObjects: false, compat: "yaml-1.1" })
  const comments = new Map<string, Decision>()
  // The part may be decided more than once on the way: the outermost decision is why it is there at all.
  for (const decision of decisions) {
    const place = JSON.stringify(decision.path)
    const known = comments.get(place)
    comments.set(place, known === undefined ? decision : { ...known, by: [...known.by, ...decision.by] })
  }
  for (const { by, path } of comments.values()) {
    const comment = ` ${[...new Set(by)].map((name) => `${name} (${sources.get(name) ?? "default"})`).join(", ")}`
    const node = document.getIn(path, true)
    if (!yaml.isNode(node)) continue
    const empty = yaml.isCollection(node) && node.items.length === 0
    if (yaml.isScalar(node) || empty) node.comment = comment
    else {
      const parent = document.getIn(path.slice(0, -1), true)
      const pair = yaml.isMap(parent)
        ? parent.items.find(({ key }) => yaml.isScalar(key) && key.value === path.at(-1))
        : undefined
      // Above the key, or above the item of a list.
      const above = pair !== undefined && yaml.isScalar(pair.key) ? pair.key : node
      above.commentBefore = comment
    }
  }
  return document.toString({ lineWidth: 0 }).trimEnd()
}

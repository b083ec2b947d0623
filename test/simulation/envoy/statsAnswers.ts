import type { AdminReply } from "./EnvoyModel.ts"
import { quantiles } from "./histogram.ts"
import type { Query } from "./query.ts"
import type { Stat, Stats } from "./stats.ts"
import { taggedName } from "./statTags.ts"

/** The types that `/stats` can be asked for, by the word of its parameter `type`. */
const kindsOf: Readonly<Record<string, ReadonlyArray<Stat["kind"]>>> = {
  All: ["text", "counter", "gauge", "histogram"],
  Counters: ["counter"],
  Gauges: ["gauge"],
  Histograms: ["histogram"],
  TextReadouts: ["text"]
}

const isShown = ({ histogram, isUsed }: Stat) => (histogram === undefined ? isUsed : histogram.count() > 0)

const textOf = ({ histogram, kind, name, value }: Stat): string => {
  if (histogram === undefined) return kind === "text" ? `${name}: "${value}"` : `${name}: ${value}`
  if (histogram.count() === 0) return `${name}: No recorded values`
  const values = quantiles.map((percent) => `P${percent}(nan,${histogram.quantile(percent)})`)
  return `${name}: ${values.join(" ")}`
}

const jsonOf = (found: ReadonlyArray<Stat>): string => {
  let text = '{"stats":['
  let isFirst = true
  const histograms: Array<Stat> = []
  for (const stat of found) {
    if (stat.histogram !== undefined) {
      histograms.push(stat)
      continue
    }
    if (!isFirst) text += ","
    isFirst = false
    text += `{"name":"${stat.name}","value":${stat.kind === "text" ? JSON.stringify(stat.value) : stat.value}}`
  }
  if (histograms.length === 0) return `${text}]}`
  const computed = histograms.map(({ histogram, name }) => {
    const values = quantiles.map((percent) => {
      const value = histogram?.quantile(percent) ?? null
      return `{"cumulative":${value},"interval":${value}}`
    })
    return `{"name":"${name}","values":[${values.join(",")}]}`
  })
  const supported = `"supported_quantiles":[${quantiles.join(",")}]`
  return `${text}${isFirst ? "" : ","}{"histograms":{${supported},"computed_quantiles":[${computed.join(",")}]}}]}`
}

/** One sample or more of a stat, as lines of Prometheus text. */
const samplesOf = ({ histogram, name, value }: Stat): string => {
  const { family, labels } = taggedName(name)
  if (histogram === undefined) return `${family}{${labels}} ${value}\n`
  let text = ""
  const comma = labels === "" ? "" : ","
  for (const [bound, count] of histogram.cumulative()) {
    text += `${family}_bucket{${labels}${comma}le="${bound}"} ${count}\n`
  }
  return `${text}${family}_sum{${labels}} ${histogram.sum()}\n${family}_count{${labels}} ${histogram.count()}\n`
}

const compareFamilies = (a: Stat, b: Stat) => {
  const one = taggedName(a.name).name
  const other = taggedName(b.name).name
  return one < other ? -1 : one > other ? 1 : a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

const prometheusOf = (found: ReadonlyArray<Stat>): string => {
  let text = ""
  for (const kind of ["counter", "gauge", "histogram"] as const) {
    let last = ""
    for (const stat of found.filter((one) => one.kind === kind).sort(compareFamilies)) {
      const { family } = taggedName(stat.name)
      if (family !== last) text += `# TYPE ${family} ${kind}\n`
      last = family
      text += samplesOf(stat)
    }
  }
  return text
}

const refusal = (body: string): AdminReply => ({ _tag: "Answer", status: 400, body })

/** Near to the words of RE2, which knows more mistakes. */
const expressionProblem = (filter: string) => {
  const [lookAround] = /\(\?<?[=!]/.exec(filter) ?? []
  return lookAround === undefined ? `missing ): ${filter}` : `invalid perl operator: ${lookAround}`
}

const select = (stats: Stats, query: Query): ReadonlyArray<Stat> | AdminReply => {
  const found = stats.matching(query.get("filter") ?? "")
  if (found === undefined) return refusal(`Invalid re2 regex: ${expressionProblem(query.get("filter") ?? "")}`)
  const type = query.get("type")
  const kinds = type === undefined ? undefined : kindsOf[type]
  if (type !== undefined && kinds === undefined) {
    return refusal('usage: /stats?type=("All", "Counters", "Histograms", "Gauges", "TextReadouts")\n\n')
  }
  const isUsedOnly = query.has("usedonly")
  if (!isUsedOnly && kinds === undefined) return found
  return found.filter((stat) => (!isUsedOnly || isShown(stat)) && (kinds === undefined || kinds.includes(stat.kind)))
}

const isRefusal = (found: ReadonlyArray<Stat> | AdminReply): found is AdminReply => "_tag" in found

/** `/stats` in the format that is asked for. */
export const statsAnswer = (stats: Stats, query: Query): AdminReply => {
  const found = select(stats, query)
  if (isRefusal(found)) return found
  switch (query.get("format") ?? "text") {
    case "json":
      return { _tag: "Answer", status: 200, body: jsonOf(found), headers: { "content-type": "application/json" } }
    case "prometheus":
      return { _tag: "Answer", status: 200, body: prometheusOf(found) }
    case "text":
      return { _tag: "Answer", status: 200, body: `${found.map(textOf).join("\n")}${found.length > 0 ? "\n" : ""}` }
    default:
      return refusal("usage: /stats?format=(html|active-html|json|prometheus|text)\n\n")
  }
}

/** `/stats/prometheus`. */
export const prometheusAnswer = (stats: Stats, query: Query): AdminReply => {
  const found = select(stats, query)
  return isRefusal(found) ? found : { _tag: "Answer", status: 200, body: prometheusOf(found) }
}

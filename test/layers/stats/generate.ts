import { Schema } from "effect"

const name = Schema.Literals([
  "envoy_appmesh_RequestCount",
  "envoy_appmesh_x",
  "envoy_cluster_upstream",
  "envoy_appmesh_",
  "up"
])
const type = Schema.Literals(["counter", "gauge", "histogram", "summary", "untyped", ""])
const labelValue = Schema.Literals([
  "a",
  "",
  "}",
  '\\"',
  "\\\\",
  "\\n",
  "é\u{1f600}",
  'a\\",b=\\"c} 7',
  "envoy_appmesh_z",
  "# TYPE"
])
const value = Schema.Literals(["0", "1", "12345678901", "1.5", "-3", "NaN", "+Inf", "-Inf", "1e+06"])
const rest = Schema.Literals(["", " 1395066363000", ' # {trace_id="K}"} 0.5', "\t", " 1 # {} 2"])

const Line = Schema.Struct({
  suffix: Schema.Literals(["", "_bucket", "_sum", "_count"]),
  labels: Schema.Array(labelValue).check(Schema.isMaxLength(3)),
  value,
  rest
})

const Family = Schema.Struct({
  name,
  type,
  help: Schema.Literals(["", "text", 'with \\\\ and \\n and "quotes"', "é"]),
  blank: Schema.Literals(["", " ", "\t "]),
  lines: Schema.Array(Line).check(Schema.isMaxLength(4))
})

/** Prometheus texts, also with what a proxy may have done to them. */
export const Exposition = Schema.Struct({
  families: Schema.Array(Family).check(Schema.isMaxLength(6)),
  end: Schema.Literals(["\n", "\r\n"]),
  lastEnd: Schema.Boolean,
  comment: Schema.Literals(["", "# EOF", "#", "# HELPenvoy_appmesh_x", "#envoy_appmesh_x 1", ""])
})

export const textOf = ({ comment, end, families, lastEnd }: typeof Exposition.Type): string => {
  const lines = families.flatMap(({ blank, help, lines, name, type }) => [
    ...(help === "" ? [] : [`${blank}# HELP ${name}${blank} ${help}`]),
    ...(type === "" ? [] : [`#${blank} TYPE${blank} ${name} ${type}`]),
    ...lines.map(({ labels, rest, suffix, value }) => {
      const pairs = labels.map((label, i) => `l${i}="${label}"`)
      return `${blank}${name}${suffix}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}${rest}`
    })
  ])
  return [...lines, comment].join(end) + (lastEnd ? end : "")
}

/** The text in parts of these lengths, repeated until its end. */
export const partsOf = (text: string, sizes: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const bytes = new TextEncoder().encode(text)
  const parts: Array<Uint8Array> = []
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = Math.max(1, sizes[i % Math.max(1, sizes.length)] ?? 7)
    parts.push(bytes.slice(at, at + size))
    at += size
  }
  return parts
}

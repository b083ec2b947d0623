// Converts between Envoy's protobuf messages and proto3 JSON, the form of Envoy's configuration files.
import { existsSync, readdirSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import protobuf from "protobufjs"

const require = createRequire(import.meta.url)
const packageFolder = (name: string) => dirname(require.resolve(`${name}/package.json`))
const deps = `${packageFolder("@grpc/grpc-js-xds")}/deps`
const roots = [
  ...["envoy-api", "googleapis", "protoc-gen-validate", "xds"].map((name) => `${deps}/${name}`),
  packageFolder("protobufjs")
]

const findProto = (file: string) => roots.map((root) => `${root}/${file}`).find(existsSync)

const root = new protobuf.Root()
root.resolvePath = (_origin, target) => findProto(target) ?? target

const loaded = new Set<string>()

/** The message type of this full name. The files of a protobuf package are in the folder of the same name. */
export const messageType = (name: string): protobuf.Type => {
  const folder = name.split(".").slice(0, -1).join("/")
  if (!loaded.has(folder)) {
    loaded.add(folder)
    const protoFolder = roots.map((candidate) => `${candidate}/${folder}`).find(existsSync)
    const files = protoFolder === undefined ? [] : readdirSync(protoFolder).filter((file) => file.endsWith(".proto"))
    root.loadSync(
      files.map((file) => `${folder}/${file}`),
      { keepCase: true }
    )
  }
  return root.lookupType(name)
}

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }
type Plain = Record<string, unknown>

const isObject = (json: unknown): json is { readonly [key: string]: Json } =>
  typeof json === "object" && json !== null && !Array.isArray(json)

const expected = (what: string, json: unknown, path: string): never => {
  throw new Error(`${path}: expected ${what}, found ${JSON.stringify(json)}`)
}

const object = (json: unknown, path: string) => (isObject(json) ? json : expected("an object", json, path))

const camelCase = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())

/** A `google.protobuf.Value` from JSON. */
const toValue = (json: Json): Plain => {
  if (json === null) return { nullValue: 0 }
  if (typeof json === "boolean") return { boolValue: json }
  if (typeof json === "number") return { numberValue: json }
  if (typeof json === "string") return { stringValue: json }
  return Array.isArray(json) ? { listValue: { values: json.map(toValue) } } : { structValue: toStruct(json) }
}

const toStruct = (json: unknown): Plain => ({
  fields: Object.fromEntries(Object.entries(object(json, "struct")).map(([key, value]) => [key, toValue(value)]))
})

const toDuration = (json: Json, path: string): Plain => {
  const [, sign = "", seconds = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(`${json}`) ?? []
  if (seconds === "") expected("a duration like 1.5s", json, path)
  return { seconds: Number(sign + seconds), nanos: Number(sign + fraction.padEnd(9, "0")) }
}

const isKnown = (name: string) => {
  try {
    return messageType(name) !== undefined
  } catch {
    return false
  }
}

const toAny = (json: Json, path: string): Plain => {
  const { "@type": url, ...fields } = object(json, path)
  if (typeof url !== "string") return expected('an "@type"', json, path)
  const name = url.slice(url.lastIndexOf("/") + 1)
  // A message of a type that is not known here is given as its bytes.
  if (typeof fields.value === "string" && Object.keys(fields).length === 1 && !isKnown(name)) {
    return { type_url: url, value: Buffer.from(fields.value, "base64") }
  }
  const body = isObject(fields) && name.startsWith("google.protobuf.") ? (fields.value ?? null) : fields
  return { type_url: url, value: encode(name, body, path) }
}

const special: Readonly<Record<string, (json: Json, path: string) => Plain>> = {
  "google.protobuf.Any": toAny,
  "google.protobuf.Duration": toDuration,
  "google.protobuf.Struct": toStruct,
  "google.protobuf.Value": toValue,
  "google.protobuf.ListValue": (json) => ({ values: Array.isArray(json) ? json.map(toValue) : [] })
}

const wrapper = /^google\.protobuf\.(Bool|String|Bytes|Double|Float|U?Int(32|64))Value$/

const scalar = (type: string, json: Json, path: string): unknown => {
  switch (type) {
    case "string":
      return typeof json === "string" ? json : expected("a string", json, path)
    case "bool":
      return typeof json === "boolean" ? json : expected("true or false", json, path)
    case "bytes":
      return typeof json === "string" ? Buffer.from(json, "base64") : expected("base64", json, path)
    default: {
      const number = typeof json === "number" || typeof json === "string" ? Number(json) : Number.NaN
      return Number.isNaN(number) ? expected("a number", json, path) : number
    }
  }
}

const fieldValue = (field: protobuf.Field, json: Json, path: string): unknown => {
  const type = field.resolve().resolvedType
  if (type === null) return scalar(field.type, json, path)
  if (type instanceof protobuf.Enum) {
    if (typeof json === "number") return json
    return type.values[`${json}`] ?? expected(`one of ${Object.keys(type.values).join(", ")}`, json, path)
  }
  return message(type, json, path)
}

const message = (type: protobuf.Type, json: Json, path: string): Plain => {
  const name = type.fullName.replace(/^\./, "")
  const convert = special[name]
  if (convert !== undefined) return convert(json, path)
  if (wrapper.test(name))
    return { value: fieldValue(type.fields.value ?? expected("a wrapper", json, path), json, path) }
  const plain: Plain = {}
  for (const [key, value] of Object.entries(object(json, path))) {
    const at = `${path}.${key}`
    const field = type.fieldsArray.find((candidate) => key === candidate.name || key === camelCase(candidate.name))
    if (field === undefined) return expected(`a field of ${name}`, key, path)
    if (value === null) continue
    if (field.map) {
      plain[field.name] = Object.fromEntries(
        Object.entries(object(value, at)).map(([k, v]) => [k, fieldValue(field, v, at)])
      )
    } else if (field.repeated) {
      if (!Array.isArray(value)) return expected("a list", value, at)
      plain[field.name] = value.map((item: Json, i) => fieldValue(field, item, `${at}[${i}]`))
    } else {
      plain[field.name] = fieldValue(field, value, at)
    }
  }
  return plain
}

/** Encodes a message. Throws at the first part that cannot be converted, with its path. */
export const encode = (name: string, json: Json, path = name): Uint8Array => {
  const type = messageType(name)
  return type.encode(message(type, json, path)).finish()
}

/** Decodes a message. Its fields are in snake_case. */
export const decode = (name: string, bytes: Uint8Array): Readonly<Record<string, unknown>> => {
  const type = messageType(name)
  return type.toObject(type.decode(bytes), { defaults: true, arrays: true, longs: Number })
}

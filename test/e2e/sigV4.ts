// Checks AWS Signature Version 4 as a service of AWS does, from what it received. Written from AWS's description of the
// process ("Create a signed AWS API request"), not from any client's code.
import { createHash, createHmac } from "node:crypto"

export interface SignedRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  /** In the order in which they came, pseudo-headers among them. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body?: string
}

export interface KnownKey {
  readonly secret: string
  /** Temporary credentials only: what X-Amz-Security-Token must be. */
  readonly token?: string
  readonly expired?: boolean
}

export interface SigV4Options {
  readonly service: string
  readonly region: string
  readonly keyOf: (accessKeyId: string) => KnownKey | undefined
  /** Milliseconds since 1970; now, unless given. */
  readonly now?: number
}

export interface SigV4Verdict {
  /** Why the request is refused; `undefined`: the signature is right. */
  readonly problem: string | undefined
  readonly accessKeyId: string | undefined
  readonly signedHeaders: ReadonlyArray<string>
}

const algorithm = "AWS4-HMAC-SHA256"
const mostSkew = 5 * 60_000

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")
const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest()

const uriEncoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)

/** The path comes encoded once, and all services but S3 encode it once more. */
const canonicalPath = (path: string) => {
  const segments: Array<string> = []
  for (const segment of path.split("/").slice(1)) {
    if (segment === "..") segments.pop()
    else if (segment !== "." && segment !== "") segments.push(uriEncoded(segment))
  }
  const end = /[^/]\/+$/.test(path) ? "/" : ""
  return `/${segments.join("/")}${end}`
}

const inOrder = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

const canonicalQuery = (query: string) =>
  [...new URLSearchParams(query)]
    .map(([name, value]) => [uriEncoded(name), uriEncoded(value)] as const)
    .sort(([a, x], [b, y]) => inOrder(a, b) || inOrder(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join("&")

const valuesOf = ({ headers }: SignedRequest, name: string): ReadonlyArray<string> => {
  const own = headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
  // HTTP/2 has the host in a pseudo-header.
  return own.length === 0 && name === "host" ? valuesOf({ method: "", path: "", headers }, ":authority") : own
}

const canonicalRequest = (request: SignedRequest, signedHeaders: ReadonlyArray<string>) => {
  const [path = "/", ...query] = request.path.split("?")
  const lines = signedHeaders.map((name) => {
    const values = valuesOf(request, name).map((value) => value.trim().replace(/ +/g, " "))
    return `${name}:${values.join(",")}\n`
  })
  const payload = valuesOf(request, "x-amz-content-sha256")[0] ?? sha256(request.body ?? "")
  return [
    request.method,
    canonicalPath(path),
    canonicalQuery(query.join("?")),
    lines.join(""),
    signedHeaders.join(";"),
    payload
  ].join("\n")
}

const instantOf = (date: string) => Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"))

export const checkSigV4 = (request: SignedRequest, options: SigV4Options): SigV4Verdict => {
  const [authorization, second] = valuesOf(request, "authorization")
  const [, credential = "", names = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      authorization ?? ""
    ) ?? []
  const signedHeaders = names === "" ? [] : names.split(";")
  const [accessKeyId = "", day, region, service, terminator] = credential.split("/")
  const said = (problem: string | undefined) => ({
    problem,
    accessKeyId: accessKeyId === "" ? undefined : accessKeyId,
    signedHeaders
  })

  if (authorization === undefined) return said("no Authorization header")
  if (second !== undefined) return said("more than one Authorization header")
  if (signature === undefined) return said("the Authorization header is not of the form of AWS4-HMAC-SHA256")
  if (terminator !== "aws4_request") return said(`the credential's scope ends in ${terminator}`)
  if (region !== options.region) return said(`signed for the region ${region}, not ${options.region}`)
  if (service !== options.service) return said(`signed for the service ${service}, not ${options.service}`)
  if (!signedHeaders.includes("host")) return said("the host is not signed")

  const dates = valuesOf(request, "x-amz-date")
  const [date = ""] = dates
  const instant = instantOf(date)
  if (dates.length !== 1 || Number.isNaN(instant)) return said(`no single X-Amz-Date: ${dates.join(" and ")}`)
  if (day !== date.slice(0, 8)) return said(`X-Amz-Date ${date} is not of the day of the credential's scope, ${day}`)
  if (Math.abs(instant - (options.now ?? Date.now())) > mostSkew) return said(`X-Amz-Date ${date} is too far from now`)

  const key = options.keyOf(accessKeyId)
  if (key === undefined) return said(`unknown access key ${accessKeyId}`)
  const tokens = valuesOf(request, "x-amz-security-token")
  if (key.token === undefined && tokens.length > 0) return said(`a security token with the lasting key ${accessKeyId}`)
  if (key.token !== undefined && tokens.length === 0) return said(`no X-Amz-Security-Token with ${accessKeyId}`)
  if (key.token !== undefined && (tokens.length !== 1 || tokens[0] !== key.token)) return said("a wrong security token")

  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = [algorithm, date, scope, sha256(canonicalRequest(request, signedHeaders))].join("\n")
  const signingKey = [`${day}`, region, service, "aws4_request"].reduce<Buffer | string>(hmac, `AWS4${key.secret}`)
  if (hmac(signingKey, toSign).toString("hex") !== signature) return said("the signature does not match the request")
  return said(key.expired === true ? "the security token has expired" : undefined)
}

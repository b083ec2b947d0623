// Verifies AWS Signature Version 4 as an AWS service does, from the request that it received. Written from AWS's
// documentation ("Create a signed AWS API request"), not from a client's code.
import { createHash, createHmac } from "node:crypto"

export interface SignedRequest {
  readonly method: string
  /** The path with the query. */
  readonly path: string
  /** In the order of their arrival, with HTTP/2's pseudo-headers. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body?: string
}

export interface KnownKey {
  readonly secret: string
  /** The value that X-Amz-Security-Token must have. Temporary credentials have one, long-term keys have none. */
  readonly token?: string
  readonly expired?: boolean
}

export interface SigV4Options {
  readonly service: string
  readonly region: string
  readonly keyOf: (accessKeyId: string) => KnownKey | undefined
  /** Milliseconds since 1970. The current time by default. */
  readonly now?: number
}

export interface SigV4Verdict {
  /** Why the request is refused; `undefined` if its signature is valid. */
  readonly problem: string | undefined
  readonly accessKeyId: string | undefined
  readonly signedHeaders: ReadonlyArray<string>
}

const algorithm = "AWS4-HMAC-SHA256"
const maximumSkew = 5 * 60_000

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")
const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest()

const uriEncoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)

/** The path is URI-encoded already. All services but S3 encode it a second time for the signature. */
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
  // HTTP/2 sends the host in the pseudo-header :authority.
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
  const verdict = (problem: string | undefined) => ({
    problem,
    accessKeyId: accessKeyId === "" ? undefined : accessKeyId,
    signedHeaders
  })

  if (authorization === undefined) return verdict("no Authorization header")
  if (second !== undefined) return verdict("more than one Authorization header")
  if (signature === undefined) return verdict("the Authorization header is not of the form of AWS4-HMAC-SHA256")
  if (terminator !== "aws4_request") return verdict(`the credential's scope ends in ${terminator}`)
  if (region !== options.region) return verdict(`signed for the region ${region}, not ${options.region}`)
  if (service !== options.service) return verdict(`signed for the service ${service}, not ${options.service}`)
  if (!signedHeaders.includes("host")) return verdict("the host is not signed")
  const unsigned = request.headers.find(
    ([name]) => /^x-amz-/i.test(name) && !signedHeaders.includes(name.toLowerCase())
  )
  if (unsigned !== undefined) return verdict(`${unsigned[0].toLowerCase()} is not signed`)

  const dates = valuesOf(request, "x-amz-date")
  const [date = ""] = dates
  const instant = instantOf(date)
  if (dates.length !== 1 || Number.isNaN(instant)) return verdict(`no single X-Amz-Date: ${dates.join(" and ")}`)
  if (day !== date.slice(0, 8)) return verdict(`X-Amz-Date ${date} is not of the day of the credential's scope, ${day}`)
  if (Math.abs(instant - (options.now ?? Date.now())) > maximumSkew)
    return verdict(`X-Amz-Date ${date} is too far from now`)

  const key = options.keyOf(accessKeyId)
  if (key === undefined) return verdict(`unknown access key ${accessKeyId}`)
  const tokens = valuesOf(request, "x-amz-security-token")
  if (key.token === undefined && tokens.length > 0)
    return verdict(`a security token with the lasting key ${accessKeyId}`)
  if (key.token !== undefined && tokens.length === 0) return verdict(`no X-Amz-Security-Token with ${accessKeyId}`)
  if (key.token !== undefined && (tokens.length !== 1 || tokens[0] !== key.token))
    return verdict("a wrong security token")

  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = [algorithm, date, scope, sha256(canonicalRequest(request, signedHeaders))].join("\n")
  const signingKey = [`${day}`, region, service, "aws4_request"].reduce<Buffer | string>(hmac, `AWS4${key.secret}`)
  if (hmac(signingKey, toSign).toString("hex") !== signature) return verdict("the signature does not match the request")
  return verdict(key.expired === true ? "the security token has expired" : undefined)
}

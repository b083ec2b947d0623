import { describe, expect, it } from "vitest"
import { checkSigV4, type SignedRequest, type SigV4Options } from "./sigV4.ts"

// From AWS's public test suite of Signature Version 4.
const options: SigV4Options = {
  service: "service",
  region: "us-east-1",
  now: Date.UTC(2015, 7, 30, 12, 36, 0),
  keyOf: (id) => (id === "AKIDEXAMPLE" ? { secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" } : undefined)
}
const host = ["Host", "example.amazonaws.com"] as const
const date = ["X-Amz-Date", "20150830T123600Z"] as const
const authorization = (names: string, signature: string, scope = "AKIDEXAMPLE/20150830/us-east-1/service") =>
  [
    "Authorization",
    `AWS4-HMAC-SHA256 Credential=${scope}/aws4_request, SignedHeaders=${names}, Signature=${signature}`
  ] as const

const vanilla = authorization("host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
const getVanilla: SignedRequest = { method: "GET", path: "/", headers: [host, date, vanilla] }

const vectors: ReadonlyArray<readonly [name: string, request: SignedRequest]> = [
  ["get-vanilla", getVanilla],
  [
    "get-vanilla-query-order-key-case",
    {
      method: "GET",
      path: "/?Param2=value2&Param1=value1",
      headers: [
        host,
        date,
        authorization("host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")
      ]
    }
  ],
  [
    "post-vanilla",
    {
      method: "POST",
      path: "/",
      headers: [
        host,
        date,
        authorization("host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")
      ]
    }
  ],
  [
    "post-x-www-form-urlencoded",
    {
      method: "POST",
      path: "/",
      body: "Param1=value1",
      headers: [
        ["Content-Type", "application/x-www-form-urlencoded"],
        host,
        date,
        authorization(
          "content-type;host;x-amz-date",
          "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        )
      ]
    }
  ],
  [
    "get-header-value-trim",
    {
      method: "GET",
      path: "/",
      headers: [
        host,
        ["My-Header1", " value1"],
        ["My-Header2", ' "a   b   c"'],
        date,
        authorization(
          "host;my-header1;my-header2;x-amz-date",
          "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
        )
      ]
    }
  ]
]

const sts =
  "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
const withToken: SignedRequest = {
  method: "POST",
  path: "/",
  headers: [
    host,
    date,
    ["X-Amz-Security-Token", sts],
    authorization(
      "host;x-amz-date;x-amz-security-token",
      "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"
    )
  ]
}
const tokenOptions = (token?: string, expired = false): SigV4Options => ({
  ...options,
  keyOf: (id) => {
    const key = options.keyOf(id)
    return key && token !== undefined ? { ...key, token, expired } : key
  }
})

/** A copy of a request with one header changed or removed. `name` is in lower case. */
const altered = (request: SignedRequest, name: string, value?: string): SignedRequest => ({
  ...request,
  headers: request.headers.flatMap((header) => {
    if (header[0].toLowerCase() !== name) return [header]
    return value === undefined ? [] : [[header[0], value] as const]
  })
})

const problemOf = (request: SignedRequest, chosen = options) => checkSigV4(request, chosen).problem

describe("the verification of SigV4", () => {
  it.each(vectors)("agrees with AWS on %s", (_name, request) => {
    expect(problemOf(request)).toBeUndefined()
  })

  it("agrees with AWS on temporary credentials", () => {
    expect(problemOf(withToken, tokenOptions(sts))).toBeUndefined()
  })

  it("takes the host from :authority", () => {
    expect(problemOf({ ...getVanilla, headers: [[":authority", host[1]], date, vanilla] })).toBeUndefined()
  })

  it("names the key and the signed headers", () => {
    expect(checkSigV4(getVanilla, options)).toMatchObject({
      accessKeyId: "AKIDEXAMPLE",
      signedHeaders: ["host", "x-amz-date"]
    })
  })

  const mismatch = "the signature does not match the request"
  const form = vectors[3]?.[1] ?? getVanilla
  const refusals: ReadonlyArray<readonly [what: string, problem: string | undefined, expected: string | RegExp]> = [
    ["another method", problemOf({ ...getVanilla, method: "PUT" }), mismatch],
    ["another path", problemOf({ ...getVanilla, path: "/a" }), mismatch],
    ["another query", problemOf({ ...getVanilla, path: "/?a=b" }), mismatch],
    ["another host", problemOf(altered(getVanilla, "host", "example.org")), mismatch],
    ["another content type", problemOf(altered(form, "content-type", "text/plain")), mismatch],
    ["another body", problemOf({ ...form, body: "Param1=value2" }), mismatch],
    ["another instant", problemOf(altered(getVanilla, "x-amz-date", "20150830T123601Z")), mismatch],
    ["a changed signature", problemOf(altered(getVanilla, "authorization", vanilla[1].replace(/.$/, "0"))), mismatch],
    ["another secret", problemOf(getVanilla, { ...options, keyOf: () => ({ secret: "other" }) }), mismatch],
    ["an unknown key", problemOf(getVanilla, { ...options, keyOf: () => undefined }), "unknown access key AKIDEXAMPLE"],
    ["another day", problemOf(altered(getVanilla, "x-amz-date", "20150829T123600Z")), /not of the day/],
    ["no date", problemOf(altered(getVanilla, "x-amz-date")), /no single X-Amz-Date/],
    ["no signature", problemOf(altered(getVanilla, "authorization")), "no Authorization header"],
    ["a bearer token", problemOf(altered(getVanilla, "authorization", "Bearer a")), /not of the form/],
    [
      "a signature without the host",
      problemOf(altered(getVanilla, "authorization", authorization("x-amz-date", "0".repeat(64))[1])),
      "the host is not signed"
    ],
    [
      "a signature without an x-amz header",
      problemOf({ ...getVanilla, headers: [...getVanilla.headers, ["X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"]] }),
      "x-amz-content-sha256 is not signed"
    ],
    [
      "a late request",
      problemOf(getVanilla, { ...options, now: Date.UTC(2015, 7, 30, 12, 41, 1) }),
      /too far from now/
    ],
    ["an early request", problemOf(getVanilla, { ...options, now: Date.UTC(2015, 7, 30, 12, 30) }), /too far from now/],
    [
      "another region",
      problemOf(getVanilla, { ...options, region: "eu-west-1" }),
      /the region us-east-1, not eu-west-1/
    ],
    ["another service", problemOf(getVanilla, { ...options, service: "s3" }), /the service service, not s3/],
    ["an expired token", problemOf(withToken, tokenOptions(sts, true)), "the security token has expired"],
    ["another token", problemOf(withToken, tokenOptions("other")), "a wrong security token"],
    ["a missing token", problemOf(getVanilla, tokenOptions(sts)), /no X-Amz-Security-Token/],
    ["a token that does not belong there", problemOf(withToken), /with the lasting key/]
  ]
  it.each(refusals)("refuses %s", (_what, problem, expected) => {
    expect(problem).toMatch(expected)
  })
})

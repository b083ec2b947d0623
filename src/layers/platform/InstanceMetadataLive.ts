import { Effect, Layer, Result } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { Config } from "../../services/Config.ts"
import { type InstanceFacts, InstanceMetadata } from "../../services/Metadata.ts"
import type { Settings } from "../../services/Settings.ts"
import { httpClientLive } from "../http/httpClient.ts"
import { isPod } from "./kubernetesPod.ts"
import { MetadataError, metadataTimeout, requestMetadata } from "./metadataRequest.ts"

const defaultEndpoint = "http://169.254.169.254"

/** Milliseconds for the token of IMDSv2. An instance without it may not answer at all. */
const tokenTimeout = 500

const endpointOf = (settings: Settings): string => {
  const configured = settings.EC2_METADATA_HOST_ONLY_FOR_TESTING ?? settings.AWS_EC2_METADATA_SERVICE_ENDPOINT
  if (configured === undefined) return defaultEndpoint
  return (/^[a-z]+:\/\//i.test(configured) ? configured : `http://${configured}`).replace(/\/$/, "")
}

/** Whether an answer can be sent back in a header. */
const isToken = (body: string) => /^[\x21-\x7e]{1,4096}$/.test(body)

/** Whether an answer is the name of a region or zone. The login page of a captive portal is not. */
const isPlacementName = (body: string) => /^[a-z0-9-]{1,64}$/.test(body)

/** On any `HttpClient`. */
export const layerNoTransport = Layer.effect(
  InstanceMetadata,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const client = yield* HttpClient.HttpClient
    const endpoint = endpointOf(settings)

    const tokenUrl = `${endpoint}/latest/api/token`
    const requestToken = requestMetadata(
      client,
      HttpClientRequest.put(tokenUrl, { headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" } }),
      tokenTimeout
    ).pipe(
      Effect.map((body) => body.trim()),
      Effect.filterOrFail(
        isToken,
        () => new MetadataError({ url: tokenUrl, kind: "invalid", reason: "the answer is not a token" })
      )
    )
    const requestPlacement = (headers: Readonly<Record<string, string>>) => (name: string) => {
      const url = `${endpoint}/latest/meta-data/placement/${name}`
      const request = HttpClientRequest.get(url, { headers })
      return requestMetadata(client, request, metadataTimeout - tokenTimeout).pipe(
        Effect.map((body) => body.trim()),
        Effect.filterOrFail(
          isPlacementName,
          () => new MetadataError({ url, kind: "invalid", reason: "the answer is not a name" })
        ),
        Effect.result
      )
    }

    const collect = Effect.gen(function* () {
      const token = yield* Effect.result(requestToken)
      if (Result.isFailure(token))
        yield* Effect.logDebug(`no IMDSv2 token, so IMDSv1 is used: ${token.failure.message}`)
      const request = requestPlacement(Result.isSuccess(token) ? { "x-aws-ec2-metadata-token": token.success } : {})
      // The zone of an ECS task is in its own metadata.
      const requestZone = isPod(settings) ? request : () => Effect.succeed(Result.succeed(undefined))
      const answers = yield* Effect.all(
        {
          region:
            settings.AWS_REGION === undefined ? request("region") : Effect.succeed(Result.succeed(settings.AWS_REGION)),
          availabilityZone: requestZone("availability-zone"),
          availabilityZoneId: requestZone("availability-zone-id")
        },
        { concurrency: "unbounded" }
      )
      const facts: InstanceFacts = {
        region: Result.getOrUndefined(answers.region),
        availabilityZone: Result.getOrUndefined(answers.availabilityZone),
        availabilityZoneId: Result.getOrUndefined(answers.availabilityZoneId)
      }
      yield* Effect.logDebug(`EC2 instance metadata of ${endpoint}: ${JSON.stringify(facts)}`)
      // An instance that gives no token has IMDSv1 alone. One that gives something else as a token is broken.
      const isTokenBroken = Result.isFailure(token) && token.failure.kind === "invalid"
      const failures = [...(isTokenBroken ? [token] : []), ...Object.values(answers)]
      const warnings = failures.flatMap((answer) =>
        Result.isFailure(answer) ? [`EC2 instance metadata: ${answer.failure.message}`] : []
      )
      return { facts, warnings }
    }).pipe(Effect.withSpan("InstanceMetadata.collect"))
    return InstanceMetadata.of({ collect })
  })
)

export const InstanceMetadataLive = Layer.provide(layerNoTransport, httpClientLive())

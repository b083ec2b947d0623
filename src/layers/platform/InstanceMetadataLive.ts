import { Effect, Layer, Result } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { Config } from "../../services/Config.ts"
import { InstanceMetadata } from "../../services/Metadata.ts"
import { httpClientLive } from "../http/httpClient.ts"
import { patience, question } from "./metadataRequest.ts"

const usualEndpoint = "http://169.254.169.254"
const tokenPatience = 500

/** Lets no page of a captive portal pass for a name. */
const isName = (body: string) => /^[a-z0-9-]{1,64}$/.test(body)

type Answer = Result.Result<string, string>
const known = (text: string): Effect.Effect<Answer> => Effect.succeed(Result.succeed(text))

/** For any `HttpClient`. */
export const layerNoTransport = Layer.effect(
  InstanceMetadata,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const ask = question(yield* HttpClient.HttpClient)
    const named = settings.EC2_METADATA_HOST_ONLY_FOR_TESTING ?? settings.AWS_EC2_METADATA_SERVICE_ENDPOINT
    const endpoint = (named === undefined ? usualEndpoint : /^https?:/.test(named) ? named : `http://${named}`).replace(
      /\/$/,
      ""
    )

    const token = ask(
      HttpClientRequest.put(`${endpoint}/latest/api/token`, {
        headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" }
      }),
      tokenPatience
    )
    const placement = (headers: Readonly<Record<string, string>>) => (name: string) =>
      ask(
        HttpClientRequest.get(`${endpoint}/latest/meta-data/placement/${name}`, { headers }),
        patience - tokenPatience
      ).pipe(
        Effect.map((body) => body.trim()),
        Effect.filterOrFail(isName, () => "not a name"),
        Effect.mapError((problem) => `EC2 instance metadata of ${endpoint}: placement/${name}: ${problem}`),
        Effect.result
      )

    const collect = Effect.gen(function* () {
      const version2 = yield* Effect.result(token)
      const get = placement(Result.isSuccess(version2) ? { "x-aws-ec2-metadata-token": version2.success } : {})
      const answers = yield* Effect.all(
        {
          region: settings.AWS_REGION === undefined ? get("region") : known(settings.AWS_REGION),
          availabilityZone: get("availability-zone"),
          availabilityZoneId: get("availability-zone-id")
        },
        { concurrency: "unbounded" }
      )
      const told = (answer: Answer) => Result.getOrElse(answer, () => undefined)
      return {
        facts: {
          region: told(answers.region),
          availabilityZone: told(answers.availabilityZone),
          availabilityZoneId: told(answers.availabilityZoneId)
        },
        warnings: Object.values(answers).flatMap((answer) => (Result.isFailure(answer) ? [answer.failure] : []))
      }
    })
    return InstanceMetadata.of({ collect })
  })
)

export const InstanceMetadataLive = Layer.provide(layerNoTransport, httpClientLive())

import { Effect, Layer, Result, Schema } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { Config } from "../../services/Config.ts"
import { TaskMetadata } from "../../services/Metadata.ts"
import { httpClientLive } from "../http/httpClient.ts"
import { question } from "./metadataRequest.ts"
import { readTask } from "./taskFacts.ts"

const Json = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))

/** For any `HttpClient`. */
export const layerNoTransport = Layer.effect(
  TaskMetadata,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const ask = question(yield* HttpClient.HttpClient)
    const variable =
      settings.ECS_CONTAINER_METADATA_URI_V4 === undefined
        ? ("ECS_CONTAINER_METADATA_URI" as const)
        : ("ECS_CONTAINER_METADATA_URI_V4" as const)
    const uri = settings[variable]
    if (uri === undefined) {
      return TaskMetadata.of({ collect: Effect.succeed({ facts: readTask(undefined, undefined), warnings: [] }) })
    }
    const json = (url: string) =>
      ask(HttpClientRequest.get(url)).pipe(
        Effect.flatMap((body) => Effect.mapError(Json(body), () => "no JSON")),
        Effect.mapError(
          (problem) => `${url} (${variable}): ${problem}: what it tells is left out of the node metadata`
        ),
        Effect.result
      )
    const collect = Effect.map(
      Effect.all([json(uri), json(`${uri.replace(/\/$/, "")}/task`)], { concurrency: "unbounded" }),
      (answers) => {
        const [container, task] = answers.map(Result.getOrElse(() => undefined))
        return {
          facts: readTask(container, task),
          warnings: answers.flatMap((answer) => (Result.isFailure(answer) ? [answer.failure] : []))
        }
      }
    )
    return TaskMetadata.of({ collect })
  })
)

export const TaskMetadataLive = Layer.provide(layerNoTransport, httpClientLive())

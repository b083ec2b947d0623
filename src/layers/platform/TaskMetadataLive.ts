import { Effect, Layer, Result, Schema } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { Config } from "../../services/Config.ts"
import { noTaskFacts, TaskMetadata } from "../../services/Metadata.ts"
import { httpClientLive } from "../http/httpClient.ts"
import { MetadataError, requestMetadata } from "./metadataRequest.ts"
import { readTask } from "./taskFacts.ts"

const parseJson = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))

/** On any `HttpClient`. */
export const layerNoTransport = Layer.effect(
  TaskMetadata,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const client = yield* HttpClient.HttpClient
    const variable =
      settings.ECS_CONTAINER_METADATA_URI_V4 === undefined
        ? ("ECS_CONTAINER_METADATA_URI" as const)
        : ("ECS_CONTAINER_METADATA_URI_V4" as const)
    const uri = settings[variable]
    if (uri === undefined) return TaskMetadata.of({ collect: Effect.succeed({ facts: noTaskFacts, warnings: [] }) })

    const requestJson = (url: string) =>
      Effect.flatMap(requestMetadata(client, HttpClientRequest.get(url)), (body) =>
        Effect.mapError(parseJson(body), () => new MetadataError({ url, kind: "invalid", reason: "not JSON" }))
      )
    const warningOf = ({ reason, url }: MetadataError) =>
      `${url} (${variable}): ${reason}: its facts are left out of the node metadata`

    const collect = Effect.gen(function* () {
      const answers = yield* Effect.all(
        [Effect.result(requestJson(uri)), Effect.result(requestJson(`${uri.replace(/\/$/, "")}/task`))],
        { concurrency: "unbounded" }
      )
      const [container, task] = answers.map(Result.getOrElse(() => undefined))
      const { facts, invalidFields } = readTask(container, task, settings.APPNET_CONTAINER_IP_MAPPING)
      const found = Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [name]))
      yield* Effect.logDebug(`ECS task metadata of ${uri} (${variable}) has: ${found.join(", ") || "nothing"}`)
      if (invalidFields.length > 0) {
        yield* Effect.logDebug(`fields of an unexpected type are left out: ${invalidFields.join(", ")}`)
      }
      const warnings = answers.flatMap((answer) => (Result.isFailure(answer) ? [warningOf(answer.failure)] : []))
      return { facts, warnings }
    }).pipe(Effect.withSpan("TaskMetadata.collect"))
    return TaskMetadata.of({ collect })
  })
)

export const TaskMetadataLive = Layer.provide(layerNoTransport, httpClientLive())

import { Schema } from "effect"
import * as Arr from "effect/Array"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import {
  answersOf,
  type Route,
  type RouteAnswer,
  type RouteName,
  routeNames,
  routeTable
} from "../../../services/ManagementApi.ts"

// The OpenAPI document of the table of routes. Imported on the first request for it: `effect/http-api` is expensive to load.

const contentOf = ({ content, description }: RouteAnswer): Schema.Top => {
  if (content === "none") return Schema.Void.annotate({ description })
  if (content === "text") return Schema.String.annotate({ description }).pipe(HttpApiSchema.asText())
  return content.annotate({ description })
}

const schemaOf = (answer: RouteAnswer): Schema.Top => contentOf(answer).pipe(HttpApiSchema.status(answer.status))

const endpointOf = (name: RouteName) => {
  const route: Route<unknown> = routeTable[name]
  const { description, method, path, query, summary } = route
  const answers = answersOf(route)
  return HttpApiEndpoint.make(method)(name, path, {
    query,
    success: answers.filter(({ status }) => status < 400).map(schemaOf),
    error: answers.filter(({ status }) => status >= 400).map(schemaOf)
  }).annotateMerge(OpenApi.annotations({ summary, description }))
}

const groups = Object.entries(Arr.groupBy(routeNames, (name) => routeTable[name].group)).map(([group, names]) =>
  HttpApiGroup.make(group).add(...Arr.map(names, endpointOf))
)

/** The management API as Effect describes APIs. */
const api = groups
  .map((group) => HttpApi.make("appnet-agent").add(group))
  .reduce((all, one) => all.addHttpApi(one))
  .annotateMerge(
    OpenApi.annotations({
      title: "appnet-agent",
      version: "1",
      description: "The local API of an Envoy sidecar agent"
    })
  )

/** The OpenAPI document of the management API, as JSON. */
export const openApi: string = JSON.stringify(OpenApi.fromApi(api))

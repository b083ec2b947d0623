import { Effect, Layer } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"

export type Routes = Readonly<Record<string, string | { readonly status: number; readonly body?: string }>>

/** A server with these routes, by method and URL. A request for any other is never answered. */
export const serverOf = (routes: Routes) => {
  const requests: Array<string> = []
  const client = HttpClient.make((request, url) =>
    Effect.suspend(() => {
      const token = request.headers["x-aws-ec2-metadata-token"]
      const line = `${request.method} ${url.href}${token === undefined ? "" : ` with ${token}`}`
      requests.push(line)
      const route = routes[line]
      if (route === undefined) return Effect.never
      const { body = "", status } = typeof route === "string" ? { body: route, status: 200 } : route
      return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body, { status })))
    })
  )
  return { requests, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

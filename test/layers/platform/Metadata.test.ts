import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import { TestClock } from "effect/testing"
import * as Instance from "../../../src/layers/platform/InstanceMetadataLive.ts"
import * as Task from "../../../src/layers/platform/TaskMetadataLive.ts"
import { readTask } from "../../../src/layers/platform/taskFacts.ts"
import { InstanceMetadata, noTaskFacts, TaskMetadata } from "../../../src/services/Metadata.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"

type Routes = Readonly<Record<string, string | { readonly status: number; readonly body?: string }>>

/** A server with these routes, by method and URL. A request for any other is never answered. */
const serverOf = (routes: Routes) => {
  const asked: Array<string> = []
  const client = HttpClient.make((request, url) =>
    Effect.suspend(() => {
      const token = request.headers["x-aws-ec2-metadata-token"]
      const question = `${request.method} ${url.href}${token === undefined ? "" : ` with ${token}`}`
      asked.push(question)
      const route = routes[question]
      if (route === undefined) return Effect.never
      const { body = "", status } = typeof route === "string" ? { body: route, status: 200 } : route
      return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body, { status })))
    })
  )
  return { asked, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

const uri = "http://169.254.170.2/v4/1"
const taskOf = (routes: Routes, environment = { ECS_CONTAINER_METADATA_URI_V4: uri }) => {
  const server = serverOf(routes)
  const collect = Effect.flatMap(TaskMetadata, (metadata) => metadata.collect).pipe(
    Effect.provide(Task.layerNoTransport.pipe(Layer.provide(Layer.merge(server.layer, settings(environment)))))
  )
  return { ...server, collect }
}

describe("the task metadata endpoint", () => {
  it.effect("is asked for container and task at the same time", () =>
    Effect.gen(function* () {
      const { asked, collect } = taskOf({
        [`GET ${uri}`]: '{"Limits":{"CPU":256,"Memory":512}}',
        [`GET ${uri}/task`]: '{"TaskARN":"arn:task","Cluster":"arn:cluster","AvailabilityZoneID":"usw2-az2"}'
      })
      const { facts, warnings } = yield* collect
      assert.deepInclude(facts, {
        cpu: "256",
        memory: "512",
        taskArn: "arn:task",
        clusterArn: "arn:cluster",
        availabilityZone: undefined,
        availabilityZoneId: "usw2-az2"
      })
      assert.deepStrictEqual(warnings, [])
      assert.deepStrictEqual(asked, [`GET ${uri}`, `GET ${uri}/task`])
    })
  )

  it.effect("takes at most 2 s, and each missing answer is a warning", () =>
    Effect.gen(function* () {
      shows("metadata-side-by-side")
      const { collect } = taskOf({})
      const fiber = yield* Effect.forkScoped(collect)
      yield* TestClock.adjust("2 seconds")
      const { warnings } = yield* Fiber.join(fiber)
      assert.strictEqual(warnings.length, 2)
      assert.match(
        `${warnings[0]}`,
        /^http:\S+\/v4\/1 \(ECS_CONTAINER_METADATA_URI_V4\): no answer in 2000 ms: .*left out/
      )
    })
  )

  it.effect("counts an answer only with status 200 and JSON", () =>
    Effect.gen(function* () {
      shows("metadata-shape")
      const { collect } = taskOf({
        [`GET ${uri}`]: { status: 500, body: '{"Limits":{"CPU":256}}' },
        [`GET ${uri}/task`]: "<html>"
      })
      const { facts, warnings } = yield* collect
      assert.deepStrictEqual(facts, noTaskFacts)
      assert.match(warnings.join("\n"), /status 500.*\n.*not JSON/)
    })
  )

  it.effect("is not asked where the platform names none", () =>
    Effect.gen(function* () {
      const server = serverOf({})
      const { warnings } = yield* Effect.flatMap(TaskMetadata, (metadata) => metadata.collect).pipe(
        Effect.provide(Task.layerNoTransport.pipe(Layer.provide(Layer.merge(server.layer, settings({})))))
      )
      assert.deepStrictEqual([warnings, server.asked], [[], []])
    })
  )
})

describe("readTask", () => {
  const families = (...containers: ReadonlyArray<unknown>) => readTask({}, { Containers: containers }).facts.ipFamilies
  const network = (mode: string, v4: ReadonlyArray<string>, v6: ReadonlyArray<string> = []) => [
    { NetworkMode: mode, IPv4Addresses: v4, IPv6Addresses: v6 }
  ]

  it("finds the IP families by any container in awsvpc mode, by the pause container in bridge mode", () => {
    assert.strictEqual(families({ Networks: network("awsvpc", ["10.0.0.1"]) }), "IPv4_ONLY")
    assert.strictEqual(families({ Networks: network("awsvpc", ["10.0.0.1"], ["::1"]) }), "ALL")
    assert.strictEqual(families({ Networks: network("awsvpc", [], ["::1"]) }), "IPv6_ONLY")
    const app = { Type: "NORMAL", Networks: network("bridge", ["172.17.0.3"], ["::3"]) }
    assert.strictEqual(families(app), undefined)
    assert.strictEqual(families({ Type: "CNI_PAUSE", Networks: network("bridge", ["172.17.0.2"]) }, app), "IPv4_ONLY")
    assert.strictEqual(families({ Networks: network("host", ["10.0.0.1"]) }), undefined)
  })

  it("omits a field of another type, and that field alone", () => {
    shows("metadata-shape")
    const container = { Limits: { CPU: "many", Memory: 512 } }
    const task = { Cluster: 7, TaskARN: "arn", Containers: "none" }
    assert.deepStrictEqual(readTask(container, task), {
      facts: { ...noTaskFacts, memory: "512", taskArn: "arn" },
      invalidFields: ["Cluster", "CPU", "Containers"]
    })
    assert.deepStrictEqual(readTask(undefined, null), { facts: noTaskFacts, invalidFields: [] })
  })
})

const imds = "http://169.254.169.254/latest"
const instanceOf = (routes: Routes, environment: Readonly<Record<string, string>> = {}) => {
  const server = serverOf(routes)
  const collect = Effect.flatMap(InstanceMetadata, (metadata) => metadata.collect).pipe(
    Effect.provide(Instance.layerNoTransport.pipe(Layer.provide(Layer.merge(server.layer, settings(environment)))))
  )
  return { ...server, collect }
}

describe("the instance metadata service", () => {
  it.effect("is asked with a token", () =>
    Effect.gen(function* () {
      const { asked, collect } = instanceOf({
        [`PUT ${imds}/api/token`]: "t0k",
        [`GET ${imds}/meta-data/placement/region with t0k`]: "eu-west-1",
        [`GET ${imds}/meta-data/placement/availability-zone with t0k`]: "eu-west-1a\n",
        [`GET ${imds}/meta-data/placement/availability-zone-id with t0k`]: "euw1-az3"
      })
      const { facts, warnings } = yield* collect
      assert.deepStrictEqual(facts, {
        region: "eu-west-1",
        availabilityZone: "eu-west-1a",
        availabilityZoneId: "euw1-az3"
      })
      assert.deepStrictEqual(warnings, [])
      assert.strictEqual(asked.length, 4)
    })
  )

  it.effect("is asked without a token where it gives none within 500 ms, and takes at most 2 s", () =>
    Effect.gen(function* () {
      shows("imds-token")
      const { collect } = instanceOf({ [`GET ${imds}/meta-data/placement/region`]: "eu-west-1" })
      const fiber = yield* Effect.forkScoped(collect)
      yield* TestClock.adjust(500)
      yield* TestClock.adjust(1500)
      const { facts, warnings } = yield* Fiber.join(fiber)
      assert.strictEqual(facts.region, "eu-west-1")
      assert.strictEqual(warnings.length, 2)
      assert.match(`${warnings[0]}`, /placement\/availability-zone: no answer in 1500 ms/)
    })
  )

  it.effect("is not asked for a region that is set, and an HTML page is not taken for a zone", () =>
    Effect.gen(function* () {
      shows("AWS_EC2_METADATA_SERVICE_ENDPOINT")
      const at = "http://127.0.0.1:9/latest"
      const { asked, collect } = instanceOf(
        {
          [`PUT ${at}/api/token`]: { status: 404 },
          [`GET ${at}/meta-data/placement/availability-zone`]: "<html>log in</html>",
          [`GET ${at}/meta-data/placement/availability-zone-id`]: { status: 404 }
        },
        { AWS_REGION: "us-west-2", AWS_EC2_METADATA_SERVICE_ENDPOINT: "127.0.0.1:9/" }
      )
      const { facts, warnings } = yield* collect
      assert.deepStrictEqual(facts, { region: "us-west-2", availabilityZone: undefined, availabilityZoneId: undefined })
      assert.match(warnings.join("\n"), /the answer is not a name\n.*status 404/)
      assert.isTrue(
        asked.every((question) => question.startsWith("PUT http://127.0.0.1:9/") || !question.includes("region"))
      )
    })
  )
})

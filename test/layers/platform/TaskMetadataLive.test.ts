import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Task from "../../../src/layers/platform/TaskMetadataLive.ts"
import { noTaskFacts, TaskMetadata } from "../../../src/services/Metadata.ts"
import { settings } from "../../fakes.ts"
import { shows } from "../../shows.ts"
import { type Routes, serverOf } from "./metadataServer.ts"

const uri = "http://169.254.170.2/v4/1"
const taskOf = (
  routes: Routes,
  environment: Readonly<Record<string, string>> = { ECS_CONTAINER_METADATA_URI_V4: uri }
) => {
  const server = serverOf(routes)
  const collect = Effect.flatMap(TaskMetadata, (metadata) => metadata.collect).pipe(
    Effect.provide(Task.layerNoTransport.pipe(Layer.provide(Layer.merge(server.layer, settings(environment)))))
  )
  return { ...server, collect }
}

describe("the task metadata endpoint", () => {
  it.effect("is asked for container and task at the same time", () =>
    Effect.gen(function* () {
      const { collect, requests } = taskOf({
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
      assert.deepStrictEqual(requests, [`GET ${uri}`, `GET ${uri}/task`])
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

  it.effect("is not read past 4 MB", () =>
    Effect.gen(function* () {
      shows("metadata-size")
      const padding = " ".repeat(4 * 1024 * 1024)
      const { collect } = taskOf({
        [`GET ${uri}`]: `${padding}{}`,
        [`GET ${uri}/task`]: `{"Cluster":"c","x":"${padding.slice(100)}"}`
      })
      const { facts, warnings } = yield* collect
      assert.deepStrictEqual(facts, { ...noTaskFacts, clusterArn: "c" })
      assert.match(warnings.join(), /^\S+\/v4\/1 \S+: the answer is longer than 4 MB: [^:]*$/)
    })
  )

  it.effect("tells the IP families with the containers' addresses", () =>
    Effect.gen(function* () {
      shows("ip-families")
      const pause = {
        Type: "CNI_PAUSE",
        Networks: [{ NetworkMode: "bridge", IPv4Addresses: ["172.17.0.2"], IPv6Addresses: ["fd00::2"] }]
      }
      const routes = { [`GET ${uri}`]: "{}", [`GET ${uri}/task`]: JSON.stringify({ Containers: [pause] }) }
      const environment = { ECS_CONTAINER_METADATA_URI_V4: uri, APPNET_CONTAINER_IP_MAPPING: '{"a":"fd00::3"}' }
      assert.strictEqual((yield* taskOf(routes, environment).collect).facts.ipFamilies, "IPv6_ONLY")
      assert.strictEqual((yield* taskOf(routes).collect).facts.ipFamilies, "ALL")
    })
  )

  it.effect("is not asked if the platform names none", () =>
    Effect.gen(function* () {
      const server = serverOf({})
      const { warnings } = yield* Effect.flatMap(TaskMetadata, (metadata) => metadata.collect).pipe(
        Effect.provide(Task.layerNoTransport.pipe(Layer.provide(Layer.merge(server.layer, settings({})))))
      )
      assert.deepStrictEqual([warnings, server.requests], [[], []])
    })
  )

  it.live("that cannot be asked over HTTP is a warning", () =>
    Effect.gen(function* () {
      shows("metadata-unusable")
      const environment = { ECS_CONTAINER_METADATA_URI_V4: "ftp://127.0.0.1/v4" }
      const { facts, warnings } = yield* Effect.flatMap(TaskMetadata, (metadata) => metadata.collect).pipe(
        Effect.provide(Layer.provide(Task.TaskMetadataLive, settings(environment)))
      )
      assert.deepStrictEqual(facts, noTaskFacts)
      assert.match(`${warnings[0]}`, /^ftp:.*: ftp: is not HTTP: its facts are left out/)
    })
  )

  it.effect("that answers more than 4 MB is a warning", () =>
    Effect.gen(function* () {
      shows("foreign-size")
      const { collect } = taskOf({
        [`GET ${uri}`]: `{"Limits":{"CPU":256},"more":"${"x".repeat(4 * 1024 * 1024)}"}`,
        [`GET ${uri}/task`]: '{"TaskARN":"arn:task"}'
      })
      const { facts, warnings } = yield* collect
      assert.deepStrictEqual(facts, { ...noTaskFacts, taskArn: "arn:task" })
      assert.match(warnings.join("\n"), /^http:\S+ \(\S+\): the answer is longer than 4 MB: .*left out[^\n]*$/)
    })
  )
})

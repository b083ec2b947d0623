import { assert, describe, it } from "@effect/vitest"
import { readTask } from "../../../src/layers/platform/taskFacts.ts"
import { noTaskFacts } from "../../../src/services/Metadata.ts"
import { shows } from "../../shows.ts"

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

  it("finds IPv6 alone in bridge mode where the containers have IPv6 addresses", () => {
    shows("ip-families")
    const task = (mode: string) => ({
      Containers: [{ Type: "CNI_PAUSE", Networks: network(mode, ["172.17.0.2"], ["fd00::2"]) }]
    })
    const of = (mode: string, mapping?: string) => readTask({}, task(mode), mapping).facts.ipFamilies
    assert.strictEqual(of("bridge"), "ALL")
    assert.strictEqual(of("bridge", '{"app":"172.17.0.3"}'), "ALL")
    assert.strictEqual(of("bridge", "{app}"), "ALL")
    assert.strictEqual(of("bridge", '{"app":"2001:db8::242:ac11:5"}'), "IPv6_ONLY")
    assert.strictEqual(of("bridge", '{"app":["172.17.0.3","fd00::3"]}'), "IPv6_ONLY")
    assert.strictEqual(of("awsvpc", '{"app":"fd00::3"}'), "ALL")
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

import { assert, describe, it } from "@effect/vitest"
import {
  countersFilter,
  followedOf,
  rejectedFilter,
  toUpdateCounters
} from "../../../src/layers/admin/updateCounters.ts"

const stat = (name: string, value: unknown) => ({ name, value })
const rejecting = (subscription: string) => ({ subscription, accepted: 0, rejected: 1, acceptedAt: 0 })

describe("the counters of updates", () => {
  it("are asked for where one was rejected, whatever its type and name", () => {
    const names = ["listener_manager.lds", "cluster.a.b-c_d", "http.x.rds.a(b)|c", "sds.*"]
    for (const name of names) assert.match(`${name}.update_rejected`, new RegExp(rejectedFilter))
    assert.notMatch("listener_manager.lds.update_success", new RegExp(rejectedFilter))
    const filter = new RegExp(countersFilter(names.map(rejecting)))
    for (const name of names) {
      for (const kind of ["success", "rejected", "time"]) assert.match(`${name}.update_${kind}`, filter)
      assert.notMatch(`${name}.update_attempt`, filter)
      assert.notMatch(`x${name}.update_success`, filter)
    }
    assert.notMatch("cluster.axb-c_d.update_success", filter)
    assert.notMatch("http.x.rds.c.update_success", filter)
  })

  it("are read together for each subscription; what is missing is 0", () => {
    const stats = [
      stat("sds.x.update_rejected", 2),
      stat("listener_manager.lds.update_success", 3),
      stat("listener_manager.lds.update_rejected", 4),
      stat("listener_manager.lds.update_time", 1_000),
      stat("listener_manager.lds.update_duration", "histogram"),
      stat("cluster.update_success.y", 1),
      {}
    ]
    assert.deepStrictEqual(toUpdateCounters({ stats }), [
      { subscription: "sds.x", accepted: 0, rejected: 2, acceptedAt: 0 },
      { subscription: "listener_manager.lds", accepted: 3, rejected: 4, acceptedAt: 1_000 }
    ])
  })

  it("are followed for 200 subscriptions at most, listeners and clusters among them", () => {
    const names = [
      ...Array.from({ length: 300 }, (_, i) => `cluster.${i}`),
      "cluster_manager.cds",
      "listener_manager.lds"
    ]
    const followed = followedOf(names.map(rejecting)).map(({ subscription }) => subscription)
    assert.lengthOf(followed, 200)
    assert.includeMembers(followed, ["cluster_manager.cds", "listener_manager.lds", "cluster.0"])
  })
})

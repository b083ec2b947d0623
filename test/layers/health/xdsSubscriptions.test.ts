import { assert, describe, it } from "@effect/vitest"
import { subscriptionOf } from "../../../src/layers/health/xdsSubscriptions.ts"

describe("a subscription", () => {
  it("is known by the name of its counters", () => {
    const kinds = [
      ["listener_manager.lds", "listeners", undefined],
      ["cluster_manager.cds", "clusters", undefined],
      ["cluster.shop.cart", "endpoints", "shop.cart"],
      ["http.ingress.rds.my_route", "routes", "my_route"],
      ["sds.my.secret", "secrets", "my.secret"],
      ["runtime.rtds", "runtime layers", "rtds"],
      ["something.new", "resources", "something.new"]
    ] as const
    for (const [counters, kind, resource] of kinds) {
      assert.deepInclude(subscriptionOf(counters), { kind, resource })
    }
  })
})

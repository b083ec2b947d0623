import { assert, describe, it } from "@effect/vitest"
import {
  type ListenerErrors,
  lacksListenerWords,
  latestRejected,
  needsListenerErrors,
  observe,
  type Rejections
} from "../../../src/layers/health/rejections.ts"
import type { UpdateCounters } from "../../../src/services/AdminClient.ts"
import { shows } from "../../shows.ts"

const lds = "listener_manager.lds"
const cds = "cluster_manager.cds"

const counted = (subscription: string, accepted: number, rejected: number, acceptedAt = 500): UpdateCounters => ({
  subscription,
  accepted,
  rejected,
  acceptedAt
})

const error = (at: number | undefined, reason = "no filter chains", listener: string | undefined = "ingress") => ({
  listener,
  reason,
  at
})

/** One look after the other, a second apart, the first at 1000. */
const looking = () => {
  let known: Rejections = new Map()
  let time = 0
  return (counters: ReadonlyArray<UpdateCounters>, errors: ListenerErrors = []) => {
    const lastLook = time
    time += 1000
    const { after, changes } = observe(known, { counters, errors, time }, lastLook)
    known = after
    return {
      rejected: latestRejected(after),
      changes: changes.map(({ _tag, kind, updates }) => `${_tag} ${kind} ${updates.length}`),
      lacksWords: lacksListenerWords(after)
    }
  }
}

describe("what Envoy rejects", () => {
  it("is nothing while no update was rejected", () => {
    const look = looking()
    assert.deepStrictEqual(look([]), { rejected: undefined, changes: [], lacksWords: false })
  })

  it("is followed from its first rejection to the next accepted update, however often it repeats", () => {
    const look = looking()
    look([])
    const first = look([counted(lds, 1, 1)], [error(1900)])
    assert.deepStrictEqual(first, {
      rejected: {
        type: "envoy.config.listener.v3.Listener",
        resource: "ingress",
        reason: "no filter chains",
        since: 1900,
        count: 1,
        isOrderKnown: true
      },
      changes: ["Rejected listeners 1"],
      lacksWords: false
    })
    const again = look([counted(lds, 1, 3000)], [error(2990)])
    assert.deepInclude(again.rejected, { reason: "no filter chains", since: 1900, count: 3000 })
    assert.deepStrictEqual(again.changes, [])
    assert.deepStrictEqual(look([counted(lds, 1, 3000)]), again)
    const superseded = look([counted(lds, 2, 3000)])
    assert.deepStrictEqual(superseded, { rejected: undefined, changes: ["Superseded listeners 1"], lacksWords: false })
  })

  it("begins at the look where it was rejected many times already", () => {
    const look = looking()
    look([])
    assert.deepInclude(look([counted(cds, 1, 40)]).rejected, { since: 2000, count: 40, reason: undefined })
  })

  it("may be superseded where it was rejected and accepted between two looks and nothing tells the order, until the next update", () => {
    shows("rejected-update-order")
    for (const of of [cds, lds, "cluster.shop"]) {
      const look = looking()
      look([])
      look([counted(of, 1, 1)])
      const kind = of === cds ? "clusters" : of === lds ? "listeners" : "endpoints"
      const both = look([counted(of, 2, 2, 2500)])
      assert.deepInclude(both.rejected, { count: 1, since: 3000, isOrderKnown: false })
      assert.deepStrictEqual(both.changes, [`Unclear ${kind} 1`])
      for (let looks = 0; looks < 20; looks += 1) assert.isFalse(look([counted(of, 2, 2, 2500)]).rejected?.isOrderKnown)
      const again = look([counted(of, 2, 3, 2500)])
      assert.deepInclude(again.rejected, { count: 2, since: 3000, isOrderKnown: true })
      assert.deepStrictEqual(again.changes, [`Rejected ${kind} 1`])
      assert.isFalse(look([counted(of, 3, 4, 24_500)]).rejected?.isOrderKnown)
      const accepted = look([counted(of, 4, 4, 25_500)])
      assert.deepStrictEqual(accepted, { rejected: undefined, changes: [`Superseded ${kind} 1`], lacksWords: false })
    }
  })

  it("may be superseded also where it is the first that is seen", () => {
    shows("rejected-update-order")
    const look = looking()
    look([])
    assert.deepStrictEqual(look([counted(cds, 2, 1, 1500)]).changes, ["Unclear clusters 1"])
  })

  it("ends with the silence of a control plane that had repeated it, and is no news until then", () => {
    shows("rejected-update-order")
    // The update is accepted late or early between two looks.
    for (const rejections of [500, 11]) {
      const look = looking()
      look([])
      look([counted(cds, 1, 10)])
      const both = look([counted(cds, 2, rejections, 2500)])
      assert.isFalse(both.rejected?.isOrderKnown)
      assert.deepStrictEqual(both.changes, [])
      const silent = look([counted(cds, 2, rejections, 2500)])
      assert.isUndefined(silent.rejected)
      assert.lengthOf(silent.changes, 1)
    }
  })

  it("goes on where a control plane that had repeated it does so again", () => {
    const look = looking()
    look([])
    look([counted(cds, 1, 10)])
    look([counted(cds, 2, 500, 2500)])
    const again = look([counted(cds, 2, 1000, 2500)])
    assert.isTrue(again.rejected?.isOrderKnown)
    assert.deepStrictEqual(again.changes, [])
  })

  it("is known to be the last once Envoy tells its listener error, though late", () => {
    shows("rejected-update-order")
    const look = looking()
    look([])
    const silent = look([counted(lds, 2, 1, 1500)])
    assert.isFalse(silent.rejected?.isOrderKnown)
    assert.isTrue(silent.lacksWords)
    const told = look([counted(lds, 2, 1, 1500)], [error(1900)])
    assert.deepInclude(told.rejected, { isOrderKnown: true, reason: "no filter chains" })
    assert.deepStrictEqual(told.changes, ["Rejected listeners 1"])
  })

  it("is told before one that may be superseded", () => {
    const look = looking()
    look([])
    look([counted(lds, 1, 1)])
    const { rejected } = look([counted(lds, 1, 1), counted(cds, 3, 1, 2500)])
    assert.strictEqual(rejected?.type, "envoy.config.listener.v3.Listener")
  })

  it("is told by the listener errors where updates were accepted and rejected between two looks", () => {
    const look = looking()
    look([])
    const both = look([counted(lds, 9, 1, 1200)], [error(1500)])
    assert.deepInclude(both.rejected, { resource: "ingress", since: 1500, count: 1 })
    const next = look([counted(lds, 10, 2, 2200)], [error(2500, "another")])
    assert.deepInclude(next.rejected, { reason: "another", since: 2500, count: 1 })
    assert.deepStrictEqual(next.changes, [])
  })

  it("is not taken for accepted by an update of long before", () => {
    const look = looking()
    look([])
    assert.deepInclude(look([counted("cluster.shop", 7, 1, 900)]).rejected, { resource: "shop", count: 1 })
    const unclear = looking()
    unclear([])
    assert.isFalse(unclear([counted("cluster.shop", 7, 1, 1001)]).rejected?.isOrderKnown)
  })

  it("has no words of an earlier update", () => {
    const look = looking()
    look([])
    look([counted(lds, 1, 1)], [error(1900)])
    const unreadable = look([counted(lds, 1, 2)], [error(1900)])
    assert.deepInclude(unreadable.rejected, { reason: undefined, resource: undefined, since: 1900, count: 2 })
    assert.isTrue(unreadable.lacksWords)
  })

  it("gets its words later where Envoy did not answer at first, and has none where it cannot print them", () => {
    const look = looking()
    look([])
    const silent = look([counted(lds, 1, 1)])
    assert.deepInclude(silent.rejected, { reason: undefined, since: 2000, count: 1 })
    assert.isTrue(silent.lacksWords)
    const later = look([counted(lds, 1, 1)], [error(1900)])
    assert.deepInclude(later.rejected, { reason: "no filter chains", resource: "ingress", since: 2000, count: 1 })
    const unprintable = look([counted(lds, 2, 2, 3500)], "unprintable")
    assert.deepInclude(unprintable.rejected, { reason: undefined, resource: undefined, count: 1 })
  })

  it("names all listeners, and Envoy's words about the first", () => {
    const look = looking()
    look([])
    const { rejected } = look(
      [counted(lds, 1, 1)],
      [error(1900, "a"), error(1901, "b", "egress"), error(undefined, "c")]
    )
    assert.deepInclude(rejected, { resource: "ingress, egress, ingress", reason: "a", since: 1901 })
  })

  it("is the last of several, and those of one type are one change", () => {
    const look = looking()
    look([])
    const clusters = ["a", "b", "c"].map((name) => counted(`cluster.${name}`, 0, 1, 0))
    assert.deepStrictEqual(look(clusters).changes, ["Rejected endpoints 3"])
    const withRoutes = look([...clusters, counted("http.x.rds.way", 0, 1, 0)])
    assert.deepInclude(withRoutes.rejected, { type: "envoy.config.route.v3.RouteConfiguration", since: 3000 })
    assert.deepStrictEqual(look(clusters.slice(1)).changes.toSorted(), [
      "Superseded endpoints 1",
      "Superseded routes 1"
    ])
  })

  it("is asked for in Envoy's words where the counter of listeners has grown, and only then", () => {
    const known = observe(new Map(), { counters: [counted(lds, 0, 1, 0)], errors: [], time: 1 }, 0).after
    assert.isTrue(needsListenerErrors(new Map(), [counted(lds, 0, 1)]))
    assert.isTrue(needsListenerErrors(known, [counted(lds, 0, 2)]))
    assert.isFalse(needsListenerErrors(known, [counted(lds, 0, 1)]))
    assert.isFalse(needsListenerErrors(new Map(), [counted(cds, 0, 1)]))
    assert.isFalse(needsListenerErrors(known, []))
  })
})

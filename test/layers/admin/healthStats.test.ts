import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import {
  activeConnectionsFilter,
  healthFilter,
  toActiveConnections,
  toHealthStats
} from "../../../src/layers/admin/healthStats.ts"
import { shows } from "../../shows.ts"

const stat = (name: string, value: unknown) => ({ name, value })

describe("the health stats", () => {
  it("are asked for by a filter that lets all of them through, and little else", () => {
    shows("health-question")
    const filter = new RegExp(healthFilter)
    for (const name of [
      "control_plane.connected_state",
      "listener_manager.listener_create_failure",
      "listener_manager.total_listeners_active",
      "listener_manager.lds.update_success",
      "listener_manager.lds.update_rejected",
      "cluster_manager.cds.update_success",
      "cluster_manager.cds.update_rejected"
    ]) {
      assert.match(name, filter)
    }
    assert.notMatch("cluster.upstream.upstream_cx_total", filter)
    assert.notMatch("http.ingress.control_plane.connected_state", filter)
  })

  it("are read from Envoy's JSON; what is missing is 0, and no gauge is no connection", () => {
    const stats = toHealthStats({
      stats: [
        stat("listener_manager.listener_create_failure", 2),
        stat("listener_manager.lds.update_success", 3),
        stat("control_plane.connected_state", 1),
        stat("listener_manager.total_listeners_active", 4),
        {},
        stat("listener_manager.lds.update_duration", "histogram")
      ]
    })
    assert.deepStrictEqual(stats, {
      connected: Option.some(true),
      usesLds: true,
      activeListeners: 4,
      listenerCreateFailure: 2,
      ldsUpdateSuccess: 3,
      ldsUpdateRejected: 0,
      cdsUpdateSuccess: 0,
      cdsUpdateRejected: 0
    })
    assert.deepInclude(toHealthStats({ stats: [] }), {
      connected: Option.none(),
      usesLds: false,
      activeListeners: undefined
    })
    assert.deepStrictEqual(
      toHealthStats({ stats: [stat("control_plane.connected_state", 0)] }).connected,
      Option.some(false)
    )
  })
})

describe("the active connections", () => {
  const gauge = (listener: string, value: number) => stat(`listener.${listener}.downstream_cx_active`, value)

  it("are summed over the listeners that serve traffic", () => {
    shows("connections-counted")
    const stats = [
      gauge("127.0.0.1_8080", 2),
      gauge("[__]_9090", 3),
      gauge("127.0.0.1_8080.worker_0", 2),
      gauge("admin", 1),
      gauge("admin.main_thread", 1)
    ]
    for (const { name } of stats) assert.match(name, new RegExp(activeConnectionsFilter))
    assert.deepStrictEqual(toActiveConnections({ stats }), Option.some(5))
  })

  it("are unknown without such a gauge, which is not the same as none", () => {
    assert.deepStrictEqual(toActiveConnections({ stats: [gauge("admin", 1)] }), Option.none())
    assert.deepStrictEqual(toActiveConnections({ stats: [gauge("0.0.0.0_80", 0)] }), Option.some(0))
  })
})

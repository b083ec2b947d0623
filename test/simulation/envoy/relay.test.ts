import { assert, describe, it } from "@effect/vitest"
import type { ControlPlane } from "./ControlPlane.ts"
import { makeEnvoy } from "./makeEnvoy.ts"
import { throughRelay } from "./relay.ts"
import { makeScriptedControlPlane } from "./scriptedControlPlane.ts"
import { makeTestRandom, makeTestTimeline } from "./testWorld.ts"

const admin = (port: number) => ({ address: { socketAddress: { address: "127.0.0.1", portValue: port } } })
const relayBootstrap = {
  admin: admin(9903),
  static_resources: {
    listeners: [{ name: "ingress_listener_xds_relay", address: { pipe: { path: "/tmp/relay.sock" } } }],
    clusters: [{ name: "appnet_management_cluster", type: "logical_dns" }]
  }
}
const mainBootstrap = {
  admin: admin(9901),
  dynamicResources: {
    adsConfig: { grpcServices: [{ googleGrpc: { statPrefix: "ads" } }] },
    ldsConfig: { initialFetchTimeout: "0s" },
    cdsConfig: { initialFetchTimeout: "0s" }
  }
}

describe("an Envoy behind a relay's Envoy", () => {
  const start = () => {
    const timeline = makeTestTimeline()
    const upstream = makeScriptedControlPlane({ resources: { clusters: [], listeners: [] }, timeline })
    const run = (pid: number, bootstrap: unknown, controlPlane: ControlPlane) =>
      makeEnvoy({
        pid,
        arguments: ["-c", "/bootstrap.json", "--disable-hot-restart"],
        bootstrap,
        timeline,
        random: makeTestRandom(pid),
        controlPlane,
        output: () => {}
      })
    const relay = run(1, relayBootstrap, upstream)
    const controlPlane = throughRelay({ relay: () => relay, timeline, upstream })
    const main = run(2, mainBootstrap, controlPlane)
    const wait = (duration: number) => timeline.runUntil(timeline.now() + duration)
    const forwarded = () => relay.truth().stat("cluster.appnet_management_cluster.upstream_rq_active")
    wait(60_000)
    return { forwarded, main, relay, upstream, wait }
  }

  it("gets its configuration on a stream that the relay forwards", () => {
    const { forwarded, main, upstream } = start()
    assert.deepInclude(main.truth(), { state: "LIVE", isConnected: true, reportsConnected: true })
    assert.deepStrictEqual([forwarded(), upstream.openStreams()], [1, 1])
  })

  it("loses the stream with the control plane, and gets it back", () => {
    const { forwarded, main, upstream, wait } = start()
    upstream.goAway()
    wait(10)
    assert.deepStrictEqual([forwarded(), main.truth().state], [0, "LIVE"])
    upstream.comeBack()
    wait(60_000)
    assert.deepStrictEqual([forwarded(), main.truth().isConnected], [1, true])
  })

  it("loses the stream with the relay", () => {
    const { main, relay, upstream, wait } = start()
    relay.signal("SIGKILL")
    wait(10)
    assert.deepInclude(main.truth(), { state: "LIVE", isConnected: false })
    assert.strictEqual(upstream.openStreams(), 0)
  })
})

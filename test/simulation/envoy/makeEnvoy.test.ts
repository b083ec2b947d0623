import { assert, describe, it } from "@effect/vitest"
import type { AdminReply } from "./EnvoyModel.ts"
import { makeEnvoy } from "./makeEnvoy.ts"
import { makePorts } from "./ports.ts"
import type { ListenerResource, Resources } from "./resources.ts"
import { makeScriptedControlPlane, type ScriptedControlPlane } from "./scriptedControlPlane.ts"
import { makeTestRandom, makeTestTimeline } from "./testWorld.ts"

const ingress: ListenerResource = {
  name: "ingress",
  address: "127.0.0.1:10080",
  protocol: "http",
  statPrefix: "in",
  direction: "INBOUND"
}
const mesh: Resources = { clusters: [], endpoints: [], listeners: [ingress], routes: [] }

const bootstrap = {
  admin: { address: { socket_address: { address: "127.0.0.1", port_value: 9901 } } },
  dynamicResources: {
    adsConfig: {
      grpcServices: [
        {
          googleGrpc: {
            statPrefix: "ads",
            channelArgs: {
              args: {
                "grpc.keepalive_time_ms": { intValue: 10_000 },
                "grpc.keepalive_timeout_ms": { intValue: 20_000 }
              }
            }
          }
        }
      ]
    },
    ldsConfig: { initialFetchTimeout: "0s" },
    cdsConfig: { initialFetchTimeout: "0s" }
  }
}

/** An Envoy that has run for half a second. */
const startEnvoy = (prepare: (controlPlane: ScriptedControlPlane) => void = () => {}) => {
  const timeline = makeTestTimeline()
  const controlPlane = makeScriptedControlPlane({ resources: mesh, timeline })
  prepare(controlPlane)
  const output: Array<string> = []
  const envoy = makeEnvoy({
    pid: 100,
    arguments: ["-c", "/bootstrap.json", "-l", "info", "--drain-time-s", "4", "--disable-hot-restart"],
    bootstrap,
    timeline,
    random: makeTestRandom(1),
    controlPlane,
    output: (line) => output.push(line)
  })
  timeline.runUntil(500)
  const send = (target: string, method: "GET" | "POST" = "GET") => {
    const replies: Array<AdminReply & { readonly at: number }> = []
    const cancel = envoy.admin({ method, target }, (reply) => replies.push({ ...reply, at: timeline.now() }))
    return { replies, cancel }
  }
  const wait = (duration: number) => timeline.runUntil(timeline.now() + duration)
  const ask = (target: string, method: "GET" | "POST" = "GET") => {
    const { replies } = send(target, method)
    wait(20)
    return replies[0]
  }
  return { ask, controlPlane, envoy, output, send, timeline, wait }
}

describe("the model of Envoy", () => {
  it("ends where another Envoy has its address, or its base id with hot restart", () => {
    const timeline = makeTestTimeline()
    const ports = makePorts()
    const start = (port: number, words: ReadonlyArray<string>) => {
      const output: Array<string> = []
      const envoy = makeEnvoy({
        pid: port,
        arguments: ["-c", "/bootstrap.json", "-l", "off", ...words],
        bootstrap: { admin: { address: { socketAddress: { address: "0.0.0.0", portValue: port } } } },
        timeline,
        random: makeTestRandom(port),
        controlPlane: makeScriptedControlPlane({ resources: {}, timeline }),
        ports,
        output: (line) => output.push(line)
      })
      timeline.runUntil(timeline.now() + 200)
      return { envoy, output }
    }
    const first = start(9901, ["--base-id", "5"])
    const failed = { _tag: "Code", code: 1 }
    assert.isUndefined(first.envoy.exit())
    const second = start(9902, ["--base-id", "5"])
    assert.deepStrictEqual(
      [second.envoy.exit(), second.output],
      [failed, ["unable to bind domain socket with base_id=50, id=0, errno=98 (see --base-id option)"]]
    )
    const third = start(9901, ["--disable-hot-restart"])
    assert.deepStrictEqual(
      [third.envoy.exit(), third.output],
      [failed, ["cannot bind '0.0.0.0:9901': Address already in use"]]
    )
    first.envoy.signal("SIGKILL")
    assert.isUndefined(start(9901, ["--base-id", "5"]).envoy.exit())
  })

  it("gives the same answers at the same times for the same seed", () => {
    const life = () => {
      const { ask, controlPlane, output, wait } = startEnvoy()
      controlPlane.goAway()
      wait(20_000)
      return [ask("/stats"), ask("/stats/prometheus"), output]
    }
    assert.deepStrictEqual(life(), life())
  })

  it("answers one request after another where an answer takes long", () => {
    const { envoy, send, timeline, wait } = startEnvoy()
    envoy.faults.answersTake(100)
    const sent = [send("/ready"), send("/stats"), send("/ready")]
    const since = timeline.now()
    wait(1000)
    const times = sent.map(({ replies }) => Math.floor(((replies[0]?.at ?? 0) - since) / 100))
    assert.deepStrictEqual(times, [1, 2, 3])
  })

  it("answers nothing while its main thread hangs, and serves traffic", () => {
    const { ask, envoy, send, wait } = startEnvoy()
    envoy.faults.hangMainThread(3000)
    const { replies } = send("/ready")
    wait(2900)
    assert.isEmpty(replies)
    assert.isDefined(envoy.traffic.connect("ingress", "http1"))
    wait(200)
    assert.lengthOf(replies, 1)
    assert.strictEqual(ask("/ready")?._tag, "Answer")
  })

  it("carries out a request that was cancelled after it was received", () => {
    const { envoy, send, wait } = startEnvoy()
    envoy.signal("SIGSTOP")
    const { cancel, replies } = send("/logging?level=debug", "POST")
    wait(1000)
    cancel()
    assert.strictEqual(envoy.truth().logLevel, "info")
    envoy.signal("SIGCONT")
    wait(10)
    assert.isEmpty(replies)
    assert.strictEqual(envoy.truth().logLevel, "debug")
  })

  it.each([
    ["Torn", { _tag: "Torn", after: 3 } as const, { _tag: "Torn", status: 200, body: "LIV" }],
    ["Refused", { _tag: "Refused" } as const, { _tag: "Refused" }],
    ["Reset", { _tag: "Reset", isDone: true } as const, { _tag: "Reset" }],
    ["Replaced", { _tag: "Replaced", status: 500, body: "no" } as const, { _tag: "Answer", status: 500, body: "no" }]
  ])("spoils an answer as a fault says (%s) until the fault ends", (_name, fault, expected) => {
    const { ask, envoy } = startEnvoy()
    const end = envoy.faults.admin(fault, ({ target }) => target === "/ready")
    const { at: _at, ...reply } = ask("/ready") ?? { at: 0 }
    assert.deepStrictEqual<unknown>(reply, expected)
    assert.strictEqual(ask("/stats")?._tag, "Answer")
    end()
    assert.deepInclude(ask("/ready"), { status: 200, body: "LIVE\n" })
  })

  it("has acted where an answer is lost, unless the request was", () => {
    const { ask, envoy } = startEnvoy()
    const endLost = envoy.faults.admin({ _tag: "Reset", isDone: false })
    ask("/logging?level=debug", "POST")
    assert.strictEqual(envoy.truth().logLevel, "info")
    endLost()
    envoy.faults.admin({ _tag: "Silent" })
    assert.isUndefined(ask("/logging?level=debug", "POST"))
    assert.strictEqual(envoy.truth().logLevel, "debug")
  })

  it("counts an update that is rejected a thousand times a second without an event for each", () => {
    const { ask, controlPlane, envoy, wait } = startEnvoy()
    controlPlane.repeatRejected(1000)
    controlPlane.serve({ ...mesh, listeners: [{ ...ingress, revision: 1, problem: "no" }] })
    wait(3_600_000)
    const [lds] = envoy.truth().subscriptions.filter(({ name }) => name === "listener_manager.lds")
    assert.closeTo(lds?.rejected ?? 0, 3_600_000, 1100)
    assert.isTrue(lds?.isLastRejected)
    controlPlane.serve(mesh)
    wait(100)
    const after = envoy.truth().stat("listener_manager.lds.update_rejected")
    wait(10_000)
    assert.strictEqual(envoy.truth().stat("listener_manager.lds.update_rejected"), after)
    assert.match(JSON.stringify(ask("/config_dump?resource=dynamic_listeners&mask=name,error_state")), /ingress/)
    assert.isFalse(envoy.truth().subscriptions.some(({ isLastRejected }) => isLastRejected))
  })

  it("counts a listener that fails after its update was accepted as a failure of its own", () => {
    const { controlPlane, envoy, wait } = startEnvoy()
    const late: ListenerResource = {
      ...ingress,
      name: "late",
      address: "127.0.0.1:10081",
      routes: "r",
      failsLate: true
    }
    controlPlane.serve({ ...mesh, listeners: [ingress, late] })
    wait(100)
    assert.strictEqual(envoy.truth().listeners.find(({ name }) => name === "late")?.state, "warming")
    controlPlane.serve({ ...mesh, listeners: [ingress, late], routes: [{ name: "r" }] })
    wait(100)
    const { listeners, stat } = envoy.truth()
    assert.deepStrictEqual(
      [listeners.map(({ name }) => name), stat("listener_manager.listener_create_failure")],
      [["ingress"], 1]
    )
    assert.strictEqual(stat("listener_manager.lds.update_rejected"), 0)
  })

  it("reports a connection to a control plane that it only tries to reach", () => {
    const { controlPlane, envoy, wait } = startEnvoy(({ becomeBlackHole }) => becomeBlackHole())
    assert.deepInclude(envoy.truth(), { reportsConnected: true, isConnected: false })
    wait(21_000)
    assert.deepInclude(envoy.truth(), { reportsConnected: false, isConnected: false })
    controlPlane.comeBack()
    wait(60_000)
    assert.deepInclude(envoy.truth(), { reportsConnected: true, isConnected: true, state: "LIVE" })
  })

  it("notices by its keep-alive that nothing comes through a connection any more", () => {
    const { controlPlane, envoy, wait } = startEnvoy()
    controlPlane.becomeBlackHole()
    wait(29_000)
    assert.deepInclude(envoy.truth(), { reportsConnected: true, isConnected: false })
    wait(2000)
    assert.strictEqual(envoy.truth().stat("listener_manager.lds.update_failure"), 1)
  })

  it("counts the traffic of an hour when it is asked", () => {
    const { ask, envoy, wait } = startEnvoy()
    const end = envoy.traffic.flow("ingress", 500, 20)
    wait(3_600_000)
    const expected = /envoy_http_downstream_rq_total\{envoy_http_conn_manager_prefix="in"\} (\d+)/
    const reply = ask("/stats/prometheus?usedonly")
    const [, count] = expected.exec(reply?._tag === "Answer" ? reply.body : "") ?? []
    assert.closeTo(Number(count), 1_800_000, 20)
    assert.strictEqual(envoy.truth().activeRequests, 10)
    end()
    assert.strictEqual(envoy.truth().activeRequests, 0)
  })

  it("breaks open requests and connections when it is killed", () => {
    const { ask, envoy, send, wait } = startEnvoy()
    const connection = envoy.traffic.connect("ingress", "http1")
    envoy.signal("SIGSTOP")
    const { replies } = send("/ready")
    wait(100)
    envoy.signal("SIGKILL")
    assert.deepStrictEqual(
      [envoy.exit(), connection?.isOpen(), replies.map(({ _tag }) => _tag), ask("/ready")?._tag],
      [{ _tag: "Signal", name: "SIGKILL", number: 9 }, false, ["Reset"], "Refused"]
    )
  })

  it("leaves nothing that waits after its end", () => {
    const { controlPlane, envoy, output, wait } = startEnvoy()
    controlPlane.goAway()
    wait(1000)
    envoy.signal("SIGTERM")
    wait(100)
    const lines = output.length
    controlPlane.comeBack()
    wait(600_000)
    assert.deepStrictEqual([envoy.exit(), controlPlane.openStreams()], [{ _tag: "Code", code: 0 }, 0])
    assert.lengthOf(output, lines)
  })
})

import net from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { type ControlPlaneOptions, type Resource, startControlPlane } from "../../demo/ControlPlane.ts"
import { shows } from "../shows.ts"
import { type Agent, ask, eventually, freePort, privateFolder, startAgent } from "./agent.ts"
import { answering, serviceConnect } from "./mesh.ts"

/** A listener that Envoy rejects. */
const broken = (port: number): Resource => ({ ...answering(port, "never", "ingress"), filterChains: [] })

/** A cluster that Envoy rejects. */
const brokenCluster: Resource = { name: "upstream", type: "EDS", connectTimeout: "1s" }
const cluster: Resource = { name: "upstream", type: "STATIC", connectTimeout: "1s" }

/** An agent in Service Connect mode whose control plane begins like this. */
const startOn = async (
  options: Omit<ControlPlaneOptions, "address">,
  environment: Readonly<Record<string, string>> = {}
) => {
  const folder = privateFolder()
  const plane = await startControlPlane({ address: `unix://${folder}/xds.sock`, ...options })
  onTestFinished(() => plane.close())
  const agent = await startAgent({ folder, environment: { ...serviceConnect(folder), ...environment } })
  return { agent, plane }
}

const failed = { healthStatus: "UNHEALTHY", initialConfigUpdateStatus: "UPDATE_FAILED", envoyState: "LIVE" }
const accepted = { healthStatus: "HEALTHY", initialConfigUpdateStatus: "UPDATE_SUCCESSFUL", envoyState: "LIVE" }

const port = await freePort()

describe("an initial configuration", () => {
  const good = { listeners: [answering(port, "at last", "ingress")], clusters: [cluster] }

  const rejections = [
    ["listeners", { ...good, listeners: [broken(port)] }],
    ["clusters", { ...good, clusters: [brokenCluster] }],
    ["listeners and clusters", { listeners: [broken(port)], clusters: [brokenCluster] }]
  ] as const
  it.each(rejections)(
    "is accepted once Envoy has accepted its %s, however often and fast they were repeated",
    async (_what, resources) => {
      shows("initial-config-repeated")
      const { agent, plane } = await startOn({ resources, repeatsRejected: true })
      const { reason } = await agent.until(failed)
      expect(reason).toBe("Envoy did not accept its initial configuration")
      await eventually(() => plane.nacks.length > 1000, "a thousand rejections")
      plane.update(good)
      await agent.until(accepted)
      expect((await ask(`http://127.0.0.1:${port}`, "/")).body).toBe("at last")
      // What is rejected later is not the initial configuration.
      plane.update({ ...good, listeners: [broken(port)] })
      const before = plane.nacks.length
      await eventually(() => plane.nacks.length > before + 100, "more rejections")
      await new Promise((done) => setTimeout(done, 3000))
      expect(await agent.status()).toMatchObject(accepted)
    }
  )

  it("is accepted at the next look where a listener's port was in use and its listener was sent again and again", async () => {
    shows("initial-config-repeated")
    const taken = await freePort()
    const holder = net.createServer().listen(taken, "127.0.0.1")
    onTestFinished(() => void holder.close())
    const { agent, plane } = await startOn({
      resources: {
        listeners: [answering(await freePort(), "beside it", "other"), answering(taken, "never", "ingress")]
      },
      repeatsRejected: true
    })
    await agent.until(failed)
    await eventually(() => plane.nacks.length > 200, "many rejections")
    await new Promise((done) => holder.close(done))
    // The control plane goes on to send the same until Envoy accepts it.
    await agent.until(accepted)
    expect((await ask(`http://127.0.0.1:${taken}`, "/")).body).toBe("never")
  })

  it("that does not come in time is UPDATE_FAILED until the first update is accepted", async () => {
    shows("initial-config-missing", "ENVOY_INITIAL_FETCH_TIMEOUT")
    const { agent, plane } = await startOn({ resources: {}, isSilent: true }, { ENVOY_INITIAL_FETCH_TIMEOUT: "1" })
    const { reason } = await agent.until(failed)
    expect(reason).toBe("Envoy has received no configuration, and has no listener of its own")
    expect((await ask(agent.address, "/ready")).body).toBe(`UNHEALTHY: ${reason}\n`)
    expect(agent.stderr()).toContain("[info] [AppNet Agent] UNHEALTHY (Envoy INITIALIZING")
    expect(agent.stderr()).toContain(
      `[warning] [AppNet Agent] UNHEALTHY (Envoy LIVE, management server CONNECTED, initial configuration UPDATE_FAILED): ${reason}\n`
    )
    plane.update(good)
    await agent.until(accepted)
  })
})

const verbose = async (agent: Agent) => JSON.parse((await ask(agent.address, "/status?verbose")).body)

/** The agent's own lines about rejected updates. */
const rejectionLines = (agent: Agent) =>
  agent
    .stderr()
    .split("\n")
    .filter((line) => /\[AppNet Agent\] Envoy (rejected|accepted) /.test(line))
    .map((line) => line.replace(/^\[.*?\]\[\d+\]/, ""))

describe("an update that Envoy rejects later", () => {
  const good = async () => ({ listeners: [answering(await freePort(), "served", "ingress")], clusters: [cluster] })

  it("is in the verbose status with Envoy's words until one is accepted, and twice in the log however often it repeats", async () => {
    shows("rejected-update")
    const resources = await good()
    const { agent, plane } = await startOn({ resources, repeatsRejected: true })
    await agent.until(accepted)
    expect(await verbose(agent)).not.toHaveProperty("rejectedUpdate")
    plane.update({ ...resources, listeners: [broken(port)] })
    const first = await eventually(async () => (await verbose(agent)).rejectedUpdate, "the rejected update")
    expect(first).toEqual({
      type: "envoy.config.listener.v3.Listener",
      resource: "ingress",
      reason: `error adding listener '127.0.0.1:${port}': no filter chains specified`,
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      count: expect.stringMatching(/^\d+$/)
    })
    const second = await eventually(async () => {
      const { rejectedUpdate } = await verbose(agent)
      return Number(rejectedUpdate.count) > Number(first.count) + 1000 && rejectedUpdate
    }, "more rejections")
    expect(second).toEqual({ ...first, count: second.count })
    expect(await agent.status()).toMatchObject(accepted)
    expect(await agent.status()).not.toHaveProperty("rejectedUpdate")
    plane.update(resources)
    await eventually(async () => !("rejectedUpdate" in (await verbose(agent))), "its end")
    await eventually(() => rejectionLines(agent).length > 1, "both lines")
    expect(rejectionLines(agent)).toEqual([
      `[warning] [AppNet Agent] Envoy rejected an update of listeners (ingress), and goes on with what it had: ${first.reason}`,
      "[info] [AppNet Agent] Envoy accepted listeners (ingress): no rejected update of them is left"
    ])
  })

  it("has Envoy's words though it holds a type that Envoy cannot print", async () => {
    shows("rejected-update")
    const resources = await good()
    const { agent, plane } = await startOn({ resources })
    await agent.until(accepted)
    const filter = { name: "odd", typedConfig: { "@type": "type.googleapis.com/nobody.Knows", value: "" } }
    const [listener] = resources.listeners
    plane.update({ ...resources, listeners: [{ ...listener, filterChains: [{ filters: [filter] }] }] })
    const { rejectedUpdate } = await eventually(async () => {
      const status = await verbose(agent)
      return status.rejectedUpdate !== undefined && status
    }, "the rejected update")
    expect(rejectedUpdate).toMatchObject({ resource: "ingress", count: "1" })
    expect(rejectedUpdate.reason).toMatch(/Didn't find a registered implementation .*nobody\.Knows/)
    const dump = await ask(`http://127.0.0.1:${agent.environment.ENVOY_ADMIN_ACCESS_PORT}`, "/config_dump")
    expect(dump.body).not.toContain("Didn't find")
  })

  it("is named by its type and resource where Envoy keeps no words", async () => {
    shows("rejected-update")
    const resources = await good()
    const routed = JSON.parse(JSON.stringify(resources.listeners[0]))
    const manager = routed.filterChains[0].filters[0].typedConfig
    delete manager.routeConfig
    manager.rds = { routeConfigName: "way", configSource: { ads: {}, resourceApiVersion: "V3" } }
    const virtualHost = { name: "all", domains: ["*"] }
    const routes = [{ name: "way", virtualHosts: [virtualHost] }]
    const { agent, plane } = await startOn({ resources: { ...resources, listeners: [routed], routes } })
    await agent.until(accepted)
    // One look at Envoy passes, so that the order is known.
    await new Promise((done) => setTimeout(done, 3000))
    const broken = [{ name: "way", virtualHosts: [virtualHost, { ...virtualHost, name: "all too" }] }]
    plane.update({ ...resources, listeners: [routed], routes: broken })
    const ofRoutes = await eventually(async () => (await verbose(agent)).rejectedUpdate, "the rejected routes")
    expect(ofRoutes).toEqual({
      type: "envoy.config.route.v3.RouteConfiguration",
      resource: "way",
      since: expect.any(String),
      count: "1"
    })
    plane.update({ ...resources, listeners: [routed], routes })
    await eventually(async () => (await verbose(agent)).rejectedUpdate === undefined, "its end")
    plane.update({ listeners: [routed], routes, clusters: [brokenCluster] })
    await eventually(
      async () => (await verbose(agent)).rejectedUpdate?.type === "envoy.config.cluster.v3.Cluster",
      "the rejected clusters"
    )
    expect(rejectionLines(agent)).toContain(
      "[warning] [AppNet Agent] Envoy rejected an update of clusters, and goes on with what it had: Envoy's log says why, at level warning"
    )
  })

  it("is told though another was accepted just before it, and its order is said to be unknown", async () => {
    shows("rejected-update-order")
    const resources = await good()
    const { agent, plane } = await startOn({ resources })
    await agent.until(accepted)
    plane.update({ ...resources, clusters: [{ ...cluster, connectTimeout: "2s" }] })
    await new Promise((done) => setTimeout(done, 30))
    plane.update({ ...resources, clusters: [brokenCluster] })
    await eventually(() => plane.nacks.length === 1, "the rejection")
    const found = await eventually(async () => (await verbose(agent)).rejectedUpdate, "the rejected clusters")
    expect(found).toMatchObject({ type: "envoy.config.cluster.v3.Cluster", count: "1" })
    // A look at Envoy between the two updates knows their order.
    expect([undefined, "unknown"]).toContain(found.superseded)
    await eventually(() => rejectionLines(agent).length > 0, "its line")
    expect(rejectionLines(agent)[0]).toMatch(/Envoy rejected an update of clusters/)
    plane.update({ ...resources, clusters: [{ ...cluster, connectTimeout: "3s" }] })
    await eventually(async () => (await verbose(agent)).rejectedUpdate === undefined, "its end")
  })
})

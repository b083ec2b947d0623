import net from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { type ControlPlaneOptions, type Resource, startControlPlane } from "../../demo/ControlPlane.ts"
import { shows } from "../shows.ts"
import { ask, eventually, freePort, privateFolder, startAgent } from "./agent.ts"
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

  it.each([
    ["listeners", { ...good, listeners: [broken(port)] }],
    ["clusters", { ...good, clusters: [brokenCluster] }],
    ["listeners and clusters", { listeners: [broken(port)], clusters: [brokenCluster] }]
  ])(
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

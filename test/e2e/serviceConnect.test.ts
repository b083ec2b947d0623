import net from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { shows } from "../shows.ts"
import { ask, eventually, filesIn, freePort, privateFolder, processesOf, startAgent } from "./agent.ts"
import { answering, controlPlaneIn, serviceConnect, startMesh } from "./mesh.ts"

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

describe("Service Connect mode", () => {
  it("becomes LIVE, CONNECTED and HEALTHY, and serves", async () => {
    shows("APPMESH_RESOURCE_ARN", "APPMESH_XDS_ENDPOINT", "mode-service-connect", "healthy", "status-fields")
    const { agent, listener } = await startMesh()
    const status = await agent.until({ healthStatus: "HEALTHY", managementServerConnectionStatus: "CONNECTED" })
    expect(status).toMatchObject({
      envoyState: "LIVE",
      envoyReadinessState: "INITIALIZED",
      initialConfigUpdateStatus: "UPDATE_SUCCESSFUL",
      envoyRestartCount: "0",
      agentUptime: expect.stringMatching(/^\d+s$/)
    })
    expect(status).not.toHaveProperty("managementServerDisconnectedTimestamp")
    expect((await ask(listener, "/")).body).toBe("from the mesh")
    expect((await ask(agent.address, "/ready")).status).toBe(200)
  })

  it("has Envoy's admin on a unix socket of mode 0600, which is removed at the end", async () => {
    shows("ENVOY_ADMIN_MODE", "APPNET_ENVOY_ADMIN_UDS_PATH")
    const path = `${privateFolder()}/admin.sock`
    const { agent } = await startMesh({
      environment: { ENVOY_ADMIN_MODE: "uds", APPNET_ENVOY_ADMIN_UDS_PATH: path }
    })
    await agent.until({ healthStatus: "HEALTHY" })
    const { mode } = await import("node:fs").then((fs) => fs.statSync(path))
    expect(mode & 0o777).toBe(0o600)
    agent.child.kill("SIGTERM")
    expect((await agent.exited).code).toBe(0)
    expect(filesIn(path.replace(/\/[^/]*$/, ""))).toEqual([])
  })

  it("reports the loss of the control plane, stays HEALTHY, and reports its return", async () => {
    const { agent, folder, listener, listenerPort, plane } = await startMesh()
    await agent.until({ healthStatus: "HEALTHY", managementServerConnectionStatus: "CONNECTED" })
    await plane.close()
    const gone = await agent.until({ managementServerConnectionStatus: "NOT_CONNECTED" })
    expect(gone.healthStatus).toBe("HEALTHY")
    expect(gone.managementServerDisconnectedTimestamp).toMatch(rfc3339)
    expect((await ask(listener, "/")).body).toBe("from the mesh")
    await controlPlaneIn(folder, { listeners: [answering(listenerPort, "from the mesh")] })
    // With the recorded bootstrap gRPC waits 10 s or more before it tries again.
    const back = await agent.until({ managementServerConnectionStatus: "CONNECTED" }, 50)
    expect(back).not.toHaveProperty("managementServerDisconnectedTimestamp")
    expect(back.healthStatus).toBe("HEALTHY")
  }, 90_000)

  it("is UNHEALTHY with UPDATE_FAILED while a listener's port is in use, and HEALTHY after an update to a free one", async () => {
    shows("initial-config")
    const folder = privateFolder()
    const taken = await freePort()
    const holder = net.createServer().listen(taken, "127.0.0.1")
    onTestFinished(() => void holder.close())
    const plane = await controlPlaneIn(folder, { listeners: [answering(taken, "never", "ingress")] })
    const agent = await startAgent({ folder, environment: serviceConnect(folder) })
    const failed = await agent.until({ initialConfigUpdateStatus: "UPDATE_FAILED" })
    expect(failed).toMatchObject({ healthStatus: "UNHEALTHY", envoyState: "LIVE", envoyReadinessState: "INITIALIZED" })
    const free = await freePort()
    plane.update({ listeners: [answering(free, "at last", "ingress")] })
    await agent.until({ initialConfigUpdateStatus: "UPDATE_SUCCESSFUL", healthStatus: "HEALTHY" })
    expect((await ask(`http://127.0.0.1:${free}`, "/")).body).toBe("at last")
  })

  it("creates a failed listener after a restart of Envoy", async () => {
    shows("initial-config-restart")
    const folder = privateFolder()
    const taken = await freePort()
    const holder = net.createServer().listen(taken, "127.0.0.1")
    const plane = await controlPlaneIn(folder, { listeners: [answering(taken, "served", "ingress")] })
    const agent = await startAgent({
      folder,
      environment: { ...serviceConnect(folder), APPNET_ENVOY_RESTART_COUNT: "1" }
    })
    const failed = await agent.until({ initialConfigUpdateStatus: "UPDATE_FAILED" })
    await new Promise((done) => holder.close(done))
    process.kill(Number(failed.envoyPid), "SIGKILL")
    await agent.until({
      initialConfigUpdateStatus: "UPDATE_SUCCESSFUL",
      healthStatus: "HEALTHY",
      envoyRestartCount: "1"
    })
    expect(plane.open()).toBe(1)
    expect((await ask(`http://127.0.0.1:${taken}`, "/")).body).toBe("served")
  })

  it("is UNHEALTHY with UPDATE_FAILED when the first update is rejected", async () => {
    shows("initial-config")
    const folder = privateFolder()
    const listener = answering(await freePort(), "never", "broken")
    const plane = await controlPlaneIn(folder, { listeners: [{ ...listener, filterChains: [] }] })
    const agent = await startAgent({ folder, environment: serviceConnect(folder) })
    await agent.until({ initialConfigUpdateStatus: "UPDATE_FAILED", healthStatus: "UNHEALTHY" })
    const nack = await eventually(() => plane.nacks[0], "Envoy's refusal")
    expect(nack.typeUrl).toBe("type.googleapis.com/envoy.config.listener.v3.Listener")
  })

  it("drains listeners on SIGTERM without dropping the request in flight", async () => {
    shows("drain-request")
    const { agent, folder, listenerPort } = await startMesh({ environment: { LISTENER_DRAIN_WAIT_TIME_S: "60" } })
    await agent.until({ healthStatus: "HEALTHY" })
    // A request whose headers are not complete yet counts as active.
    const connection = net.connect(listenerPort, "127.0.0.1")
    let answer = ""
    connection.on("data", (part) => {
      answer += part
    })
    await new Promise<void>((done) => connection.write("GET / HTTP/1.1\r\nHost: mesh\r\n", () => done()))
    await eventually(
      async () =>
        (
          await ask(
            `http://127.0.0.1:${agent.environment.ENVOY_ADMIN_ACCESS_PORT}`,
            "/stats?filter=downstream_cx_active"
          )
        ).body.includes(`listener.127.0.0.1_${listenerPort}.downstream_cx_active: 1`),
      "the connection in Envoy's stats"
    )
    agent.child.kill("SIGTERM")
    await agent.until({ envoyState: "DRAINING" })
    connection.write("\r\n")
    await eventually(() => answer.includes("from the mesh"), "the answer")
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/)
    connection.destroy()
    expect(await agent.exited).toEqual({ code: 0, signal: null })
    expect(processesOf(folder)).toEqual([])
  })
})

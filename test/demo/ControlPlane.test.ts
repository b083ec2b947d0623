import { type ChildProcess, spawn } from "node:child_process"
import { renameSync, writeFileSync } from "node:fs"
import { describe, expect, it, onTestFinished } from "vitest"
import { type MeshResources, type Nack, startControlPlane } from "../../demo/ControlPlane.ts"
import { onMeshChange, readMesh } from "../../demo/meshFile.ts"
import { ask, envoyPath, eventually, freePort, privateFolder } from "../e2e/agent.ts"
import { answering, controlPlaneIn } from "../e2e/mesh.ts"

/** An Envoy without an agent, with its configuration from the control plane on `folder`'s socket. */
const startEnvoy = (folder: string, target = `unix://${folder}/xds.sock`): ChildProcess => {
  const ads = { ads: {}, resourceApiVersion: "V3" }
  const bootstrap = {
    node: { id: "arn:aws:ecs:us-west-2:123456789012:task-set/c/s/ecs-svc/1", cluster: "c" },
    dynamicResources: {
      adsConfig: {
        apiType: "GRPC",
        transportApiVersion: "V3",
        grpcServices: [{ googleGrpc: { targetUri: target, statPrefix: "ads" } }]
      },
      cdsConfig: { ...ads, initialFetchTimeout: "0s" },
      ldsConfig: { ...ads, initialFetchTimeout: "0s" }
    },
    clusterManager: { localClusterName: "local_cluster" },
    staticResources: {
      clusters: [{ name: "local_cluster", type: "EDS", edsClusterConfig: { edsConfig: ads } }]
    }
  }
  writeFileSync(`${folder}/bootstrap.json`, JSON.stringify(bootstrap))
  const words = ["-c", `${folder}/bootstrap.json`, "-l", "error", "--disable-hot-restart", "--concurrency", "1"]
  const envoy = spawn(envoyPath, words, { stdio: "ignore" })
  const exited = new Promise((done) => envoy.once("exit", done))
  onTestFinished(async () => {
    envoy.kill("SIGKILL")
    await exited
  })
  return envoy
}

const serves = (port: number, path: string, body: string) =>
  eventually(async () => (await ask(`http://127.0.0.1:${port}`, path)).body === body, `${body} from ${path}`)

describe("ControlPlane", () => {
  it("serves Envoy, changes what it serves, and tells what Envoy refused", async () => {
    const folder = privateFolder()
    const port = await freePort()
    const plane = await controlPlaneIn(folder, { listeners: [answering(port, "first", "ingress")] })
    startEnvoy(folder)
    await serves(port, "/", "first")
    expect(plane.open()).toBe(1)
    expect(plane.streams).toHaveLength(1)
    plane.update({ listeners: [answering(port, "second", "ingress")] })
    await serves(port, "/", "second")
    expect(plane.nacks).toEqual([])
    plane.update({ listeners: [{ ...answering(port, "third", "ingress"), filterChains: [] }] })
    const nack: Nack = await eventually(() => plane.nacks[0], "Envoy's refusal")
    expect(nack.typeUrl).toBe("type.googleapis.com/envoy.config.listener.v3.Listener")
    expect(nack.message).toMatch(/ingress.*no filter chains/s)
    expect((await ask(`http://127.0.0.1:${port}`, "/")).body).toBe("second")
  })
})

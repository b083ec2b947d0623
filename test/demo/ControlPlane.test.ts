import { spawn } from "node:child_process"
import { renameSync, writeFileSync } from "node:fs"
import { describe, expect, it, onTestFinished } from "vitest"
import type { MeshResources, Nack } from "../../demo/ControlPlane.ts"
import { onMeshChange, readMesh } from "../../demo/meshFile.ts"
import { decode, encode } from "../../demo/protobuf.ts"
import { ask, envoyPath, eventually, freePort, privateFolder } from "../e2e/agent.ts"
import { answering, controlPlaneIn } from "../e2e/mesh.ts"

/** Starts Envoy without an agent. Its configuration comes from the control plane at the socket in `folder`. */
const startEnvoy = (folder: string) => {
  const ads = { ads: {}, resourceApiVersion: "V3" }
  const bootstrap = {
    node: { id: "arn:aws:ecs:us-west-2:123456789012:task-set/c/s/ecs-svc/1", cluster: "c" },
    dynamicResources: {
      adsConfig: {
        apiType: "GRPC",
        transportApiVersion: "V3",
        grpcServices: [{ googleGrpc: { targetUri: `unix://${folder}/xds.sock`, statPrefix: "ads" } }]
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
}

const serves = (port: number, path: string, body: string) =>
  eventually(async () => (await ask(`http://127.0.0.1:${port}`, path)).body === body, `${body} from ${path}`)

describe("ControlPlane", () => {
  it("serves Envoy, sends updates, and reports what Envoy rejected", async () => {
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
    const nack: Nack = await eventually(() => plane.nacks[0], "the NACK")
    expect(nack.typeUrl).toBe("type.googleapis.com/envoy.config.listener.v3.Listener")
    expect(nack.message).toMatch(/ingress.*no filter chains/s)
    expect((await ask(`http://127.0.0.1:${port}`, "/")).body).toBe("second")
  })

  it("throws at an invalid resource, with its path, and keeps the resources it had", async () => {
    const folder = privateFolder()
    const plane = await controlPlaneIn(folder, {})
    const wrong = (resources: MeshResources) => () => plane.update(resources)
    expect(wrong({ clusters: [{ name: "a", conectTimeout: "1s" }] })).toThrow(
      'clusters[0]: expected a field of envoy.config.cluster.v3.Cluster, found "conectTimeout"'
    )
    expect(wrong({ clusters: [{ name: "a", connectTimeout: "soon" }] })).toThrow(
      /clusters\[0\]\.connectTimeout: .*"soon"/
    )
    expect(wrong({ clusters: [{ name: "a", type: "MAGIC" }] })).toThrow(/clusters\[0\]\.type: expected one of STATIC/)
    const port = await freePort()
    plane.update({ listeners: [answering(port, "still", "ingress")] })
    startEnvoy(folder)
    await serves(port, "/", "still")
  })

  it("serves a file anew when it is edited and when it is replaced, with other ports", async () => {
    const folder = privateFolder()
    const file = `${folder}/mesh.yaml`
    const port = await freePort()
    const write = (path: string, body: string) =>
      writeFileSync(path, JSON.stringify({ listeners: [answering(10_080, body, "ingress")] }))
    write(file, "as written")
    const ports = new Map([[10_080, port]])
    const plane = await controlPlaneIn(folder, readMesh(file, ports))
    onTestFinished(onMeshChange(file, () => plane.update(readMesh(file, ports))))
    startEnvoy(folder)
    await serves(port, "/", "as written")
    write(file, "as edited")
    await serves(port, "/", "as edited")
    write(`${file}.new`, "as replaced")
    renameSync(`${file}.new`, file)
    await serves(port, "/", "as replaced")
    writeFileSync(file, "listeners: {}")
    expect(() => readMesh(file)).toThrow("expected lists named listeners")
  })
})

describe("proto3 JSON", () => {
  const cluster = "envoy.config.cluster.v3.Cluster"
  const roundTrip = (json: Parameters<typeof encode>[1]) => decode(cluster, encode(cluster, json))

  it("converts camelCase and snake_case, wrappers, durations, enum names, structs and Any", () => {
    const read = roundTrip({
      name: "upstream",
      connect_timeout: "1.5s",
      perConnectionBufferLimitBytes: 32_768,
      lbPolicy: "LEAST_REQUEST",
      metadata: { filterMetadata: { a: { text: "b", list: [1, true, null] } } },
      typedExtensionProtocolOptions: {
        options: { "@type": "type.googleapis.com/google.protobuf.StringValue", value: "x" }
      }
    })
    expect(read).toMatchObject({
      name: "upstream",
      connect_timeout: { seconds: 1, nanos: 500_000_000 },
      per_connection_buffer_limit_bytes: { value: 32_768 },
      lb_policy: 1,
      metadata: { filter_metadata: { a: { fields: { text: { stringValue: "b" } } } } },
      typed_extension_protocol_options: { options: { type_url: "type.googleapis.com/google.protobuf.StringValue" } }
    })
  })

  it("throws at what it cannot convert, with its path", () => {
    expect(() => roundTrip({ name: 7 })).toThrow(`${cluster}.name: expected a string, found 7`)
    expect(() => roundTrip({ loadAssignment: { endpoints: [{ lbEndpoints: {} }] } })).toThrow(
      `${cluster}.loadAssignment.endpoints[0].lbEndpoints: expected a list`
    )
  })
})

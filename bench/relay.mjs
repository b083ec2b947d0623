// `npm run bench` runs this for relay mode: what a stream costs the relay's Envoy, and how soon a fleet is served.

import { readFileSync } from "node:fs"
import { startAwsControlPlane } from "../test/e2e/awsControlPlane.ts"
import { startFleet } from "../test/e2e/fleet.ts"
import { authorityIn } from "../test/e2e/pki.ts"

const size = 200
const key = { id: "AKIDBENCH", secret: "bench/secret" }

const residentKilobytes = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1])

const listener = (name, port) => ({
  name,
  address: { socketAddress: { address: "127.0.0.1", portValue: port } },
  filterChains: [
    {
      filters: [
        {
          name: "envoy.filters.network.tcp_proxy",
          typedConfig: {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            statPrefix: name,
            cluster: "none"
          }
        }
      ]
    }
  ]
})

export const relayBench = async ({ figure, folder, freePort, get, now, pause, startAgent, until }) => {
  const resources = { listeners: [listener("bench", await freePort())] }
  const authority = authorityIn(folder)
  const plane = await startAwsControlPlane({
    resources,
    issued: authority.issue({ names: ["localhost"] }),
    folder,
    keyOf: (id) => (id === key.id ? { secret: key.secret } : undefined)
  })
  const socket = `${folder}/relay.sock`
  const relay = await startAgent(() => ({
    APPNET_ENABLE_RELAY_MODE_FOR_XDS: "1",
    AWS_REGION: "us-west-2",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ACCESS_KEY_ID: key.id,
    AWS_SECRET_ACCESS_KEY: key.secret,
    APPNET_CA_BUNDLE: authority.bundle,
    APPNET_MANAGEMENT_DOMAIN_NAME: "localhost",
    APPNET_MANAGEMENT_PORT: `${plane.port}`,
    APPNET_RELAY_LISTENER_UDS_PATH: socket,
    APPNET_ENVOY_ADMIN_UDS_PATH: `${folder}/relay-admin.sock`,
    APPNET_ENVOY_RESTART_COUNT: "1"
  }))
  const status = async (agent) => JSON.parse((await get(agent.api, "/status"))?.body ?? "{}")
  await until(async () => (await status(relay)).healthStatus === "HEALTHY")
  const { envoyPid } = await status(relay)
  // What the first stream costs is not what each further one does.
  const first = startFleet({ address: `unix:${socket}`, size: 1 })
  await first.until(1, 30)
  await pause(2000)
  const before = residentKilobytes(envoyPid)

  const fleet = startFleet({ address: `unix:${socket}`, size })
  figure(`${size} streams, each to its first answer`, (await fleet.until(1, 60)) / 1000, "s", { most: 10 })
  await pause(2000)
  figure(`a stream in the relay's Envoy`, (residentKilobytes(envoyPid) - before) / size, "kB", { most: 150 })
  const updated = fleet.clock()
  plane.update({ listeners: [listener("bench", await freePort())] })
  figure(`${size} streams, each to an update`, ((await fleet.until(2, 60)) - updated) / 1000, "s", { most: 5 })

  const workloads = []
  for (let i = 0; i < 3; i += 1) {
    workloads.push(
      await startAgent(({ admin }) => ({
        APPMESH_XDS_ENDPOINT: `unix://${socket}`,
        APPMESH_RESOURCE_ARN: `task-set/cluster/service/bench-${i}`,
        ENVOY_ADMIN_ACCESS_PORT: `${admin}`,
        APPNET_ENVOY_ADMIN_ADDRESS: "127.0.0.1",
        ENVOY_ADMIN_ACCESS_LOG_FILE: "/dev/null",
        HC_POLL_INTERVAL_MS: "2000"
      }))
    )
  }
  const ofWorkloads = () => plane.requests.filter((request) => plane.header(request, "user-agent")?.includes("grpc-c"))
  for (const workload of workloads) {
    await until(async () => (await status(workload)).managementServerConnectionStatus === "CONNECTED")
  }
  const opened = ofWorkloads().length
  const killed = now()
  process.kill(Number(envoyPid), "SIGKILL")
  await until(() => ofWorkloads().length >= opened + workloads.length)
  figure("a workload's new stream after its relay's Envoy was killed, the last of 3", (now() - killed) / 1000, "s", {
    most: 40
  })
  first.close()
  fleet.close()
  for (const agent of [...workloads, relay]) await agent.stop()
  await plane.close()
}

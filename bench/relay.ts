import type { Resource } from "../demo/ControlPlane.ts"
import { startAwsControlPlane } from "../test/e2e/awsControlPlane.ts"
import { startFleet } from "../test/e2e/fleet.ts"
import { authorityIn } from "../test/e2e/pki.ts"
import { type Agent, folder, startAgent } from "./agent.ts"
import { figure } from "./figures.ts"
import { freePort, get } from "./http.ts"
import { megabytesOf } from "./processes.ts"
import { now, pause, until } from "./timing.ts"

const size = 200
const key = { id: "AKIDBENCH", secret: "bench/secret" }

const listenerOn = (port: number): Resource => ({
  name: "bench",
  address: { socketAddress: { address: "127.0.0.1", portValue: port } },
  filterChains: [
    {
      filters: [
        {
          name: "envoy.filters.network.tcp_proxy",
          typedConfig: {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            statPrefix: "bench",
            cluster: "none"
          }
        }
      ]
    }
  ]
})

const statusOf = async (agent: Agent): Promise<Readonly<Record<string, string>>> =>
  JSON.parse((await get(agent.api, "/status"))?.body ?? "{}")

const startWorkload = (socket: string, name: string) =>
  startAgent(({ admin }) => ({
    APPMESH_XDS_ENDPOINT: `unix://${socket}`,
    APPMESH_RESOURCE_ARN: `task-set/cluster/service/${name}`,
    ENVOY_ADMIN_ACCESS_PORT: `${admin}`,
    APPNET_ENVOY_ADMIN_ADDRESS: "127.0.0.1",
    ENVOY_ADMIN_ACCESS_LOG_FILE: "/dev/null",
    HC_POLL_INTERVAL_MS: "2000"
  }))

/** Relay mode: the memory of a stream in the relay's Envoy, and the time until many workloads have their configuration. */
export const benchRelay = async (): Promise<void> => {
  const authority = authorityIn(folder)
  const plane = await startAwsControlPlane({
    resources: { listeners: [listenerOn(await freePort())] },
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
  await until(async () => (await statusOf(relay)).healthStatus === "HEALTHY")
  const envoyPid = Number((await statusOf(relay)).envoyPid)
  // The first stream costs more than each further one.
  const first = startFleet({ address: `unix:${socket}`, size: 1 })
  await first.until(1, 30)
  await pause(2000)
  const before = megabytesOf(envoyPid, "VmRSS")

  const fleet = startFleet({ address: `unix:${socket}`, size })
  figure(`${size} streams, each to its first answer`, (await fleet.until(1, 60)) / 1000, "s", { most: 10 })
  await pause(2000)
  const growth = megabytesOf(envoyPid, "VmRSS") - before
  figure("a stream in the relay's Envoy", (growth * 1024) / size, "kB", { most: 150 })
  const updated = fleet.clock()
  plane.update({ listeners: [listenerOn(await freePort())] })
  figure(`${size} streams, each to an update`, ((await fleet.until(2, 60)) - updated) / 1000, "s", { most: 5 })

  const workloads: Array<Agent> = []
  for (const name of ["bench-0", "bench-1", "bench-2"]) workloads.push(await startWorkload(socket, name))
  for (const workload of workloads)
    await until(async () => (await statusOf(workload)).managementServerConnectionStatus === "CONNECTED")
  // Envoy's gRPC client is C++; the fleet's is Node's.
  const countOfWorkloads = () =>
    plane.requests.filter((request) => plane.header(request, "user-agent")?.includes("grpc-c")).length
  const opened = countOfWorkloads()
  const killed = now()
  process.kill(envoyPid, "SIGKILL")
  await until(() => countOfWorkloads() >= opened + workloads.length)
  figure("a workload's new stream after its relay's Envoy was killed, the last of 3", (now() - killed) / 1000, "s", {
    most: 40
  })
  first.close()
  fleet.close()
  for (const agent of [...workloads, relay]) await agent.stop()
  await plane.close()
}

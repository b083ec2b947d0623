// `npm run bench` runs this for the log files: how much goes through, and what that costs the agent.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"

const megabyte = 1024 * 1024
const resident = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds))

export const logsBench = async ({ figure, folder, root, startAgent }) => {
  const logs = `${folder}/logs`
  mkdirSync(logs)
  const agent = await startAgent(() => ({
    APPNET_ENVOY_PATH: `${root}bench/noisyEnvoy.mjs`,
    APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`,
    APPMESH_RESOURCE_ARN: "task-set/cluster/service/bench",
    APPNET_ENVOY_LOG_DESTINATION: logs,
    NOISE_SECONDS: "10",
    NOISE_START: `${folder}/noise`,
    NOISE_RESULT: `${folder}/noise-result`
  }))
  await pause(5000)
  const idle = resident(agent.child.pid)
  writeFileSync(`${folder}/noise`, "")
  let peak = 0
  while (!existsSync(`${folder}/noise-result`)) {
    peak = Math.max(peak, resident(agent.child.pid))
    await pause(20)
  }
  const [bytes, milliseconds] = readFileSync(`${folder}/noise-result`, "utf8").split(" ").map(Number)
  const rate = bytes / megabyte / (milliseconds / 1000)
  await agent.stop()
  const longest = Math.max(...readdirSync(logs).map((name) => statSync(`${logs}/${name}`).size))
  console.log(`      Envoy's lines into the log file: ${rate.toFixed(0)} MB a second, rotated at 1 MB`)
  figure("Envoy's lines into the log file, time for 50 MB", 50 / rate, "s", { most: 1 })
  figure("peak memory meanwhile, beyond that of an idle agent", peak - idle, "MB", { most: 60 })
  figure("longest log file", longest / megabyte, "MB", { most: 1 })
}

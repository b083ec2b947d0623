import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { folder, root, startAgent } from "./agent.ts"
import { figure, note } from "./figures.ts"
import { megabytesOf } from "./processes.ts"
import { pause } from "./timing.ts"

const megabyte = 1024 * 1024

/** How fast the agent writes Envoy's lines to a log file, and what memory this costs it. */
export const benchLogs = async (): Promise<void> => {
  const logs = `${folder}/logs`
  mkdirSync(logs)
  const startFile = `${folder}/noise`
  const resultFile = `${folder}/noise-result`
  const agent = await startAgent(() => ({
    APPNET_ENVOY_PATH: `${root}bench/noisyEnvoy.ts`,
    APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`,
    APPMESH_RESOURCE_ARN: "task-set/cluster/service/bench",
    APPNET_ENVOY_LOG_DESTINATION: logs,
    NOISE_SECONDS: "10",
    NOISE_START: startFile,
    NOISE_RESULT: resultFile
  }))
  await pause(5000)
  const idle = megabytesOf(agent.pid, "VmRSS")
  writeFileSync(startFile, "")
  let peak = 0
  while (!existsSync(resultFile)) {
    peak = Math.max(peak, megabytesOf(agent.pid, "VmRSS"))
    await pause(20)
  }
  const [bytes = 0, milliseconds = 0] = readFileSync(resultFile, "utf8").split(" ").map(Number)
  const rate = bytes / megabyte / (milliseconds / 1000)
  await agent.stop()
  const longest = Math.max(...readdirSync(logs).map((name) => statSync(`${logs}/${name}`).size))
  note(`Envoy's lines into the log file: ${rate.toFixed(0)} MB a second, rotated at 1 MB`)
  figure("Envoy's lines into the log file, time for 50 MB", 50 / rate, "s", { most: 1 })
  figure("peak memory meanwhile, beyond that of an idle agent", peak - idle, "MB", { most: 60 })
  figure("longest log file", longest / megabyte, "MB", { most: 1 })
}

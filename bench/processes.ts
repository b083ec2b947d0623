// Memory and CPU time of processes, from /proc.
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { folder } from "./agent.ts"

/** A field of /proc/PID/status in megabytes: VmRSS is the resident memory now, VmHWM its peak. */
export const megabytesOf = (pid: number, field: "VmRSS" | "VmHWM"): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024

/** Seconds that the threads of a process have run. The ticks of /proc/PID/stat, of 10 ms, are too coarse for an idle process. */
export const cpuSecondsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]))
    .reduce((sum, nanoseconds) => sum + nanoseconds / 1e9, 0)

export interface Finished {
  readonly status: number | null
  readonly stderr: string
  /** The most resident memory that it had, in megabytes. */
  readonly peak: number
}

/** Runs a Node process to its end. */
export const runWithPeak = (words: ReadonlyArray<string>, env: NodeJS.ProcessEnv): Finished => {
  const result = `${folder}/peak`
  const preload = `${folder}/peak.cjs`
  const write = `require("node:fs").writeFileSync("${result}", String(process.resourceUsage().maxRSS))`
  writeFileSync(preload, `process.on("exit", () => ${write})\n`)
  const { status, stderr } = spawnSync(process.execPath, ["--require", preload, ...words], { env, encoding: "utf8" })
  return { status, stderr, peak: Number(readFileSync(result, "utf8")) / 1024 }
}

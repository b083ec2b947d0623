import { Option } from "effect"
import type { ProcessSample } from "../../services/EnvoyLauncher.ts"

/** Linux has told programs 100 ticks a second on every architecture for decades. */
const ticksPerSecond = 100

const states: Readonly<Record<string, ProcessSample["state"]>> = {
  T: "stopped",
  t: "stopped",
  Z: "zombie",
  X: "zombie"
}

/**
 * Reads `/proc/PID/stat`. The command name stands in parentheses and may hold any character, so fields count from
 * the last `)`. Source: proc(5), fields 3 (state), 14 and 15 (utime, stime), 24 (rss in pages).
 */
export const parseProcStat = (text: string, pageSize: number): Option.Option<ProcessSample> => {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const [state, utime, stime, rss] = [fields[0], Number(fields[11]), Number(fields[12]), Number(fields[21])]
  if (state === undefined || !Number.isFinite(utime + stime + rss)) return Option.none()
  return Option.some({
    state: states[state] ?? "running",
    residentMemory: rss * pageSize,
    cpuTime: (utime + stime) / ticksPerSecond
  })
}

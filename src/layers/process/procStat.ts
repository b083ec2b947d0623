import { Option } from "effect"
import type { ProcessSample } from "../../services/EnvoyLauncher.ts"

/** Linux reports times to programs in ticks of 10 ms on every architecture (USER_HZ). */
const ticksPerSecond = 100

const states: Readonly<Record<string, ProcessSample["state"]>> = {
  T: "stopped",
  t: "stopped",
  Z: "zombie",
  X: "zombie"
}

/**
 * Reads `/proc/PID/stat` and `/proc/PID/status`; none where one of them has another form. In `stat` the command name stands in
 * parentheses and may hold any character, so fields count from the last `)`: 3 is the state, 14 and 15 are utime and stime.
 * Memory is `VmRSS` of `status`, in kB: `stat` has it in pages, whose size differs between kernels. Source: proc(5).
 */
export const parseProcSample = (stat: string, status: string): Option.Option<ProcessSample> => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const [state, utime, stime] = [fields[0], Number(fields[11]), Number(fields[12])]
  if (state === undefined || !Number.isFinite(utime + stime)) return Option.none()
  // A zombie has no memory, and no such line.
  const residentKilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
  return Option.some({
    state: states[state] ?? "running",
    residentMemory: residentKilobytes * 1024,
    cpuTime: (utime + stime) / ticksPerSecond
  })
}

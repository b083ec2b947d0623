import * as os from "node:os"
import type { Exit } from "./EnvoyModel.ts"

/** How a signal ends a process. */
export const endedBy = (name: string): Exit => {
  const found = Object.entries(os.constants.signals).find(([one]) => one === name)
  return { _tag: "Signal", name, number: found?.[1] ?? 9 }
}

/** Signals at which Envoy prints where it was, in its words. */
export const fatalSignals: Readonly<Record<string, string>> = {
  SIGSEGV: "Segmentation fault",
  SIGABRT: "Aborted",
  SIGBUS: "Bus error",
  SIGFPE: "Floating point exception",
  SIGILL: "Illegal instruction"
}

import * as os from "node:os"
import type { Exit } from "./EnvoyModel.ts"

/** How a signal ends a process. */
export const endedBy = (name: string): Exit => {
  const found = Object.entries(os.constants.signals).find(([one]) => one === name)
  return { _tag: "Signal", name, number: found?.[1] ?? 9 }
}

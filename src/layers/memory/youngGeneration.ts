import * as v8 from "node:v8"

let isCapped = false

/**
 * Stops V8 from growing its young generation under load, which would take more memory than the whole agent. Called before the
 * first long answer or the first burst of log lines: a flag that is set at the start invalidates V8's compiled code.
 */
export const capYoungGeneration = (): void => {
  if (isCapped) return
  isCapped = true
  v8.setFlagsFromString("--semi-space-growth-factor=1")
}

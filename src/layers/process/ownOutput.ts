import type { OutputName } from "../../services/LogFiles.ts"

const listening = new Set<OutputName>()

/** Writes to the agent's own output, and tells when that has taken it. Nobody may be left who reads it: no reason to end. */
export const writeOwn = (name: OutputName, bytes: Uint8Array | string, done?: () => void): void => {
  const stream = process[name]
  if (!listening.has(name)) stream.on("error", () => {})
  listening.add(name)
  stream.write(bytes, () => done?.())
}

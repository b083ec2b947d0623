import { Effect, Sink, Stdio } from "effect"

/** Standard output that records what a command writes. */
export const recordedOutput = () => {
  const written: Array<string> = []
  const write = (part: string | Uint8Array) =>
    Effect.sync(() => void written.push(typeof part === "string" ? part : new TextDecoder().decode(part)))
  return { written, layer: Stdio.layerTest({ stdout: () => Sink.forEach(write) }) }
}

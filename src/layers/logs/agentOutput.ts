import * as fs from "node:fs"
import { Socket } from "node:net"
import type { Writable } from "node:stream"
import { Result } from "effect"
import type { OutputName } from "../../services/LogFiles.ts"

/** The file descriptors of the agent's stdout and stderr. */
export const agentDescriptors = { stdout: 1, stderr: 2 } as const

/**
 * Opens the pipe of an output again, with O_NONBLOCK. That flag belongs to the open file description, which Envoy
 * inherits: set on the inherited one, it would make Envoy's own writes fail. Undefined where the output is no pipe, or
 * this user may not open it.
 */
const openPipeAgain = (name: OutputName): Writable | undefined => {
  const descriptor = agentDescriptors[name]
  const { O_NONBLOCK, O_WRONLY } = fs.constants
  if (fs.fstatSync(descriptor, { throwIfNoEntry: false })?.isFIFO() !== true) return undefined
  return Result.getOrUndefined(
    Result.try(() => {
      const fd = fs.openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK)
      return new Socket({ fd, readable: false, writable: true })
    })
  )
}

const streams = new Map<OutputName, Writable>()

/**
 * The agent's stdout or stderr; opened at the first call. Its errors are ignored: a full disk must not end the agent.
 */
export const openAgentOutput = (name: OutputName): Writable => {
  const known = streams.get(name)
  if (known !== undefined) return known
  const stream = openPipeAgain(name) ?? process[name]
  stream.on("error", () => {})
  streams.set(name, stream)
  return stream
}

/** Bytes that may wait in memory for a reader that has stopped reading. */
const maxBufferedBytes = 1024 * 1024

/**
 * Writes to the agent's stdout or stderr, and calls `done` once they are written or lost. Without `done`, which nobody
 * then waits for, bytes beyond a full buffer are dropped.
 */
export const writeToAgentOutput = (name: OutputName, bytes: Uint8Array | string, done?: () => void): void => {
  const stream = openAgentOutput(name)
  if (done === undefined && stream.writableLength > maxBufferedBytes) return
  stream.write(bytes, () => done?.())
}

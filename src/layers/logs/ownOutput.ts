import * as fs from "node:fs"
import { Socket } from "node:net"
import type { Writable } from "node:stream"
import { Result } from "effect"
import type { OutputName } from "../../services/LogFiles.ts"

const descriptors = { stdout: 1, stderr: 2 } as const

/**
 * A pipe by a description of the agent's own, which does not block: Envoy has the other one, and whether that blocks is for
 * Envoy alone. Undefined where the output is no pipe, or cannot be opened again.
 */
const ownPipe = (name: OutputName): Writable | undefined => {
  const descriptor = descriptors[name]
  const { O_NONBLOCK, O_WRONLY } = fs.constants
  if (fs.fstatSync(descriptor, { throwIfNoEntry: false })?.isFIFO() !== true) return undefined
  return Result.getOrUndefined(
    Result.try(() => {
      const fd = fs.openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK)
      return new Socket({ fd, readable: false, writable: true })
    })
  )
}

const opened = new Map<OutputName, Writable>()

/** Opened before Envoy is started. A full disk behind it, or nobody who reads it, is no reason to end. */
export const ownStream = (name: OutputName): Writable => {
  const known = opened.get(name)
  if (known !== undefined) return known
  const stream = ownPipe(name) ?? process[name]
  stream.on("error", () => {})
  opened.set(name, stream)
  return stream
}

/** Bytes that may wait for a reader who has stopped reading. */
const longestQueue = 1024 * 1024

/**
 * Writes to the agent's own output, and tells when that has taken it. Who does not wait for that loses what a stalled reader
 * would have to be kept for.
 */
export const writeOwn = (name: OutputName, bytes: Uint8Array | string, done?: () => void): void => {
  const stream = ownStream(name)
  if (done === undefined && stream.writableLength > longestQueue) return
  stream.write(bytes, () => done?.())
}

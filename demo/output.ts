// The demo's stdout and stderr: lines, and on a terminal a status line below them that is replaced in place.
import type { Readable, Writable } from "node:stream"
import { fitParts } from "./statusLine.ts"

export type OutputName = "stdout" | "stderr"

export interface Output {
  /** Whether there is a status line. */
  readonly isInteractive: boolean
  /** Prints on stdout; on stderr once stdout has failed. */
  readonly print: (...lines: ReadonlyArray<string>) => void
  readonly printError: (...lines: ReadonlyArray<string>) => void
  /** Replaces the status line, or prints a line where there is none. Parts that do not fit are left out. */
  readonly showStatus: (parts: ReadonlyArray<string>) => void
  readonly hideStatus: () => void
  /** Forwards whole lines until the source ends, no faster than they are written. `onLines` is called first. */
  readonly forward: (source: Readable, to: OutputName, onLines: (text: string) => void) => Promise<void>
  /** Waits until everything is written, at most for a second. */
  readonly flush: () => Promise<void>
}

/** Moves to the first column and erases everything from there, also rows into which a resize wrapped the status. */
const eraseStatus = "\r\u001b[J"
/** The width of a terminal that does not report one. */
const defaultColumns = 80
/** Characters after which a line is forwarded in parts. */
const longestLine = 64 * 1024

/** Calls `onLost` once for each output that fails: its reader is gone, its terminal is closed, its disk is full. */
export const openOutput = (onLost: (name: OutputName, error: NodeJS.ErrnoException) => void): Output => {
  const { stdout, stderr } = process
  const streams: Readonly<Record<OutputName, Writable>> = { stdout, stderr }
  const isInteractive = stdout.isTTY === true && process.env.TERM !== "dumb"
  const lost = { stdout: new AbortController(), stderr: new AbortController() }
  let status: ReadonlyArray<string> = []
  let isStatusShown = false

  for (const name of ["stdout", "stderr"] as const) {
    streams[name].on("error", (error: NodeJS.ErrnoException) => {
      if (lost[name].signal.aborted) return
      lost[name].abort()
      onLost(name, error)
    })
  }

  /** Resolves when the stream has room for more. */
  const writeTo = (name: OutputName, text: string): Promise<void> => {
    const { signal } = lost[name]
    if (signal.aborted || streams[name].write(text)) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        streams[name].off("drain", done)
        signal.removeEventListener("abort", done)
        resolve()
      }
      streams[name].once("drain", done)
      signal.addEventListener("abort", done, { once: true })
    })
  }
  /** For short texts that come seldom: the caller does not wait. */
  const write = (name: OutputName, text: string) => void writeTo(name, text)

  const erase = () => {
    if (isStatusShown) write("stdout", eraseStatus)
    isStatusShown = false
  }
  const draw = () => {
    if (!isInteractive || status.length === 0) return
    // The cursor stays in the first column, so that the next erase begins there however the terminal was resized.
    write("stdout", `${eraseStatus}${fitParts(status, stdout.columns || defaultColumns)}\r`)
    isStatusShown = true
  }
  if (isInteractive) stdout.on("resize", draw)

  /** Writes lines above the status line. */
  const writeLines = (name: OutputName, text: string): Promise<void> => {
    const isSameScreen = name === "stdout" || stderr.isTTY === true
    if (isSameScreen) erase()
    const written = writeTo(name, text)
    if (isSameScreen) draw()
    return written
  }

  return {
    isInteractive,
    print: (...lines) => void writeLines(lost.stdout.signal.aborted ? "stderr" : "stdout", `${lines.join("\n")}\n`),
    printError: (...lines) => void writeLines("stderr", `${lines.join("\n")}\n`),
    showStatus: (parts) => {
      status = parts
      if (isInteractive) draw()
      else if (!stdout.writableNeedDrain) write("stdout", `${parts.join(", ")}\n`)
    },
    hideStatus: () => {
      status = []
      erase()
    },
    forward: async (source, to, onLines) => {
      let rest = ""
      source.setEncoding("utf8")
      for await (const chunk of source) {
        rest += chunk
        const end = rest.length > longestLine ? rest.length : rest.lastIndexOf("\n") + 1
        if (end === 0) continue
        const lines = rest.slice(0, end)
        rest = rest.slice(end)
        onLines(lines)
        await writeLines(to, lines)
      }
      if (rest === "") return
      onLines(rest)
      await writeLines(to, `${rest}\n`)
    },
    flush: async () => {
      const end = performance.now() + 1000
      const isBusy = (name: OutputName) => !lost[name].signal.aborted && streams[name].writableLength > 0
      while ((isBusy("stdout") || isBusy("stderr")) && performance.now() < end) {
        await new Promise((done) => setTimeout(done, 10))
      }
    }
  }
}

// The upstream of the mesh, and the requests that go to it through Envoy.
import http from "node:http"
import { DemoError } from "./DemoError.ts"
import { get } from "./http.ts"
import { host } from "./ports.ts"
import { pause } from "./timing.ts"

export interface Upstream {
  readonly close: () => void
}

/** Undefined where the port is taken. */
export const startUpstream = async (port: number): Promise<Upstream | undefined> => {
  let count = 0
  const server = http.createServer((_request, response) => {
    count += 1
    response.end(`hello from the upstream, request ${count}\n`)
  })
  const isListening = await new Promise<boolean>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(false)
      else reject(new DemoError(`The upstream cannot start: ${error.message}`))
    })
    server.listen(port, host, () => resolve(true))
  })
  if (!isListening) return undefined
  return {
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}

export interface TrafficCount {
  ok: number
  failed: number
}

/** Five requests a second through the listener, counted in `count`, until the signal is aborted. */
export const sendRequests = async (port: number, count: TrafficCount, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    try {
      const { status } = await get(port, "/")
      if (status === 200) count.ok += 1
      else count.failed += 1
    } catch {
      count.failed += 1
    }
    await pause(200, signal)
  }
}

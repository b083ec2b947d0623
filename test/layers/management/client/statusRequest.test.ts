import { mkdtempSync, rmSync } from "node:fs"
import * as http from "node:http"
import { tmpdir } from "node:os"
import { afterEach, describe, expect, it } from "vitest"
import { describeTarget, requestStatus, tcpTarget } from "../../../../src/layers/management/client/statusRequest.ts"
import { shows } from "../../../shows.ts"

const closers: Array<() => void> = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

const folder = () => {
  const path = mkdtempSync(`${tmpdir()}/appnet-status-`)
  closers.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The result of one request to a server on a unix socket that answers like this. */
const resultFrom = async (answer: http.RequestListener, timeout = 5000) => {
  const path = `${folder()}/api.sock`
  const server = http.createServer(answer)
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((done) => server.listen(path, done))
  return requestStatus({ _tag: "Unix", path }, timeout)
}

describe("a request for the status", () => {
  it("reads every field as text", async () => {
    const answer = await resultFrom((request, response) => response.end(JSON.stringify({ url: request.url, count: 3 })))
    expect(answer).toEqual({ _tag: "Answered", status: { url: "/status", count: "3" } })
  })

  it("makes each field one short line without control characters", async () => {
    shows("foreign-text")
    const fields = { reason: "\u001b[2Jdone\n", more: "x".repeat(2000) }
    const answer = await resultFrom((_, response) => response.end(JSON.stringify(fields)))
    expect(answer).toEqual({
      _tag: "Answered",
      status: { reason: "\\u001b[2Jdone", more: `${"x".repeat(499)}…` }
    })
  })

  it("recognises a server that is not the agent", async () => {
    const notTheAgent = { _tag: "Unreachable", problem: "what answered is not the agent" }
    expect(await resultFrom((_, response) => response.end("<html>"))).toEqual(notTheAgent)
    expect(await resultFrom((_, response) => response.end("[1]"))).toEqual(notTheAgent)
    expect(await resultFrom((_, response) => response.writeHead(500).end("{}"))).toEqual({
      _tag: "Unreachable",
      problem: "/status answered 500"
    })
  })

  it("gives up on an endless answer and on a silent server", async () => {
    const endless = await resultFrom((_, response) => {
      response.write("x".repeat(100_000))
    })
    expect(endless).toEqual({ _tag: "Unreachable", problem: "the answer is too long" })
    const silent = await resultFrom(() => undefined, 50)
    expect(silent).toEqual({ _tag: "Unreachable", problem: "no answer in 50 ms" })
  })

  it("says that nobody listens", async () => {
    const nobody = await requestStatus({ _tag: "Unix", path: `${folder()}/none.sock` }, 1000)
    expect(nobody).toEqual({ _tag: "Unreachable", problem: "ENOENT" })
  })

  it("reaches a wildcard address over loopback", () => {
    expect(describeTarget(tcpTarget("0.0.0.0", 1))).toBe("127.0.0.1:1")
    expect(describeTarget(tcpTarget("[::]", 1))).toBe("localhost:1")
    expect(tcpTarget("[::1]", 1)).toEqual({ _tag: "Tcp", host: "::1", port: 1 })
    expect(describeTarget(tcpTarget("10.0.0.1", 9902))).toBe("10.0.0.1:9902")
  })
})

import { writeFileSync } from "node:fs"
import http from "node:http"
import net from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { shows } from "../shows.ts"
import { type Agent, ask, eventually, freePort, privateFolder, startAgent } from "./agent.ts"

const post = (agent: Agent, path: string, headers: Readonly<Record<string, string>> = {}) =>
  ask(agent.address, path, { method: "POST", headers: { "content-length": "0", ...headers } })

describe("the management API with an admin that misbehaves", () => {
  /**
   * Starts an agent whose Envoy is a process that passes each connection to its admin on to this handler: the agent asks nobody
   * but its own Envoy.
   */
  const against = async (handler: (socket: net.Socket) => void) => {
    const admin = net.createServer(handler)
    const sockets = new Set<net.Socket>()
    admin.on("connection", (socket) => sockets.add(socket.on("error", () => undefined)))
    await new Promise<void>((done) => admin.listen(0, "127.0.0.1", done))
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      admin.close()
    })
    const address = admin.address()
    const folder = privateFolder()
    const handlerPort = typeof address === "object" && address !== null ? address.port : 0
    const port = await freePort()
    writeFileSync(
      `${folder}/admin.mjs`,
      `import net from "node:net"
      net.createServer((socket) => {
        const handler = net.connect(${handlerPort}, "127.0.0.1")
        for (const [from, to] of [[socket, handler], [handler, socket]]) {
          from.pipe(to)
          from.on("error", () => undefined)
          from.on("close", () => to.destroy())
        }
      }).listen(${port}, "127.0.0.1")`
    )
    const script = `#!/bin/sh\n[ "$1" = --version ] || exec "${process.execPath}" ${folder}/admin.mjs\n`
    writeFileSync(`${folder}/envoy`, script, { mode: 0o755 })
    writeFileSync(
      `${folder}/own.yaml`,
      `admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${port} } } }\n`
    )
    const agent = await startAgent({
      folder,
      environment: { APPNET_ENVOY_PATH: `${folder}/envoy`, ENVOY_CONFIG_FILE: `${folder}/own.yaml` }
    })
    const isListening = () =>
      new Promise<boolean>((done) => {
        const socket = net.connect(port, "127.0.0.1", () => done(true)).on("error", () => done(false))
        socket.on("connect", () => socket.destroy())
      })
    await eventually(isListening, "the admin")
    await eventually(async () => (await ask(agent.address, "/live")).status === 200, "the API")
    return agent
  }
  const head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"

  const cases: ReadonlyArray<readonly [string, (socket: net.Socket) => void, RegExp]> = [
    ["says nothing", () => {}, /timeout/],
    ["sends garbage", (socket) => socket.end("\u0000\u0001garbage\r\n\r\n"), /body|unreachable/],
    ["answers 500", (socket) => socket.end("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"), /status \(500/],
    ["breaks off", (socket) => socket.end(`${head}content-length: 1000\r\n\r\nabc`), /body|unreachable/],
    [
      "sends a byte a second",
      (socket) => {
        socket.write(`${head}content-length: 1000\r\n\r\n`)
        const timer = setInterval(() => socket.write("a"), 1000)
        socket.on("close", () => clearInterval(timer))
      },
      /timeout/
    ]
  ]
  it.each(cases)(
    "ends each request with 502 where it %s",
    async (_what, handler, reason) => {
      shows("bad-gateway")
      const agent = await against(handler)
      const [drained, level, stats] = await Promise.all([
        post(agent, "/drain_listeners"),
        post(agent, "/enableLogging?level=debug"),
        ask(agent.address, "/stats/prometheus", { timeout: 15_000 })
      ])
      for (const { body, status } of [drained, level, stats]) {
        expect([status, body]).toEqual([502, expect.stringMatching(/^Envoy's admin \/\w+/)])
      }
      expect(stats.body).toMatch(reason)
      expect((await ask(agent.address, "/status")).status).toBe(200)
    },
    40_000
  )

  it("sends only documented requests to Envoy's admin, whatever requests the API receives", async () => {
    shows("admin-paths")
    const received = new Set<string>()
    const agent = await against((socket) => {
      socket.once("data", (part) => {
        const [, method, path] = /^(\w+) ([^ ?]*)/.exec(`${part}`) ?? []
        received.add(`${method} ${path}`)
        socket.end(`${head}content-length: 3\r\nconnection: close\r\n\r\nOK\n`)
      })
    })
    const attempts = [
      "/quitquitquit",
      "/stats/prometheus/../../quitquitquit",
      "/stats/prometheus%2f..%2fquitquitquit",
      "/stats/prometheus?usedonly%20HTTP/1.1%0d%0a%0d%0aPOST%20/quitquitquit",
      "/stats/prometheus?usedonly=%0d%0aPOST%20/quitquitquit",
      "/enableLogging?level=info%26paths=quit",
      "/enableLogging?level=debug&level=/quitquitquit",
      "/drain_listeners?inboundonly&skip_exit",
      "/drain_listeners?graceful=%2e%2e/quitquitquit",
      "/config_dump",
      "//admin/quitquitquit",
      "/drain_listeners",
      "/enableLogging?level=debug",
      "/stats/prometheus"
    ]
    for (const path of attempts) {
      for (const method of ["GET", "POST"])
        await ask(agent.address, path, { method, headers: { "content-length": "0" } })
    }
    expect(received).toContain("POST /drain_listeners")
    const allowed = [
      "GET /ready",
      "GET /stats",
      "GET /stats/prometheus",
      "GET /server_info",
      "GET /config_dump",
      "POST /logging",
      "POST /drain_listeners"
    ]
    expect([...received].filter((request) => !allowed.includes(request))).toEqual([])
  })

  it("cancels the request to Envoy when the client disconnects", async () => {
    const seen = { opened: 0, closed: 0 }
    const agent = await against((socket) => {
      socket.once("data", (part) => {
        if (!`${part}`.startsWith("GET /stats/prometheus")) return socket.end(`${head}content-length: 0\r\n\r\n`)
        seen.opened += 1
        socket.on("close", () => {
          seen.closed += 1
        })
        socket.write(`${head}\r\n`)
        const more = () => void (socket.destroyed || socket.write("a 1\n".repeat(20_000), () => setImmediate(more)))
        more()
      })
    })
    const request = http.get(`${agent.address}/stats/prometheus`, { agent: false }, (response) => {
      response.once("data", () => request.destroy())
    })
    request.on("error", () => undefined)
    await eventually(
      () => seen.opened === 1 && seen.closed === 1,
      `an end of the request to Envoy: ${JSON.stringify(seen)}`
    )
  })
})

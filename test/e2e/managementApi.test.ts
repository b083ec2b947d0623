import { readFileSync, writeFileSync } from "node:fs"
import http from "node:http"
import net from "node:net"
import { gunzipSync } from "node:zlib"
import { describe, expect, it, onTestFinished } from "vitest"
import type { Resource } from "../../demo/ControlPlane.ts"
import { families, samples } from "../exposition.ts"
import { shows } from "../shows.ts"
import {
  type Agent,
  agentEnvironment,
  ask,
  eventually,
  freePort,
  isAlive,
  privateFolder,
  runAgent,
  startAgent
} from "./agent.ts"
import { answering, startMesh } from "./mesh.ts"

const post = (agent: Agent, path: string, headers: Readonly<Record<string, string>> = {}) =>
  ask(agent.address, path, { method: "POST", headers: { "content-length": "0", ...headers } })

const adminOf = (agent: Agent) => `http://127.0.0.1:${agent.environment.ENVOY_ADMIN_ACCESS_PORT}`

/** A listener that counts its requests under `appmesh.RequestCount...`, the name that the metrics extension uses. */
const counting = (port: number, statPrefixes: ReadonlyArray<string> = ["appmesh.RequestCount"]): Resource => {
  const rateLimits = statPrefixes.map((statPrefix, i) => ({
    name: `envoy.filters.http.local_ratelimit.${i}`,
    typedConfig: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
      statPrefix,
      tokenBucket: { maxTokens: 1_000_000, fillInterval: "1s" },
      filterEnabled: { defaultValue: { numerator: 100 } }
    }
  }))
  return JSON.parse(
    JSON.stringify(answering(port, "counted")).replace(
      '"httpFilters":[',
      `"httpFilters":[${rateLimits.map((rateLimit) => `${JSON.stringify(rateLimit)},`).join("")}`
    )
  )
}

const startCounting = async (environment: Readonly<Record<string, string>> = {}) => {
  const port = await freePort()
  const mesh = await startMesh({ environment })
  mesh.plane.update({ listeners: [counting(port)] })
  const listener = `http://127.0.0.1:${port}`
  await eventually(async () => (await ask(listener, "/")).status === 200, "the counting listener")
  return { ...mesh, listener }
}

const extension = "/stats/prometheus?usedonly&filter=metrics_extension"
const countOf = (text: string) =>
  samples(text)
    .filter(({ name }) => name === "RequestCount_http_local_rate_limit_enabled")
    .reduce((sum, { value }) => sum + value, 0)

describe("the management API on a real Envoy", () => {
  /** A mesh with this many inbound listeners beside an outbound one, and whether a listener accepts connections. */
  const startInbound = async (count: number, environment: Readonly<Record<string, string>> = {}) => {
    const mesh = await startMesh({ environment })
    const ports = await Promise.all(Array.from({ length: count }, freePort))
    const inbound = ports.map((port) => ({ ...answering(port, "inbound"), trafficDirection: "INBOUND" }))
    mesh.plane.update({ listeners: [answering(mesh.listenerPort, "outbound"), ...inbound] })
    const accepts = (port: number) =>
      ask(`http://127.0.0.1:${port}`, "/").then(
        ({ status }) => status === 200,
        () => false
      )
    await eventually(async () => (await Promise.all(ports.map(accepts))).every(Boolean), "all inbound listeners")
    await mesh.agent.until({ healthStatus: "HEALTHY" })
    return { ...mesh, ports, accepts }
  }

  it("drains inbound listeners, sends traffic elsewhere and stays HEALTHY, until Envoy's next start", async () => {
    shows("drain-route", "drained-state", "drain-restart", "drain-logged", "drain-final")
    const { accepts, agent, listenerPort, ports } = await startInbound(2, { APPNET_ENVOY_RESTART_COUNT: "1" })
    expect((await ask(agent.address, "/ready")).status).toBe(200)
    const { body, status } = await post(agent, "/drain_listeners")
    expect([status, body]).toEqual([
      200,
      "OK\n2 inbound listeners drained. Draining cannot be undone: /ready is 503 until Envoy's next start.\n"
    ])
    await eventually(async () => !(await Promise.all(ports.map(accepts))).some(Boolean), "closed inbound listeners")
    expect(await accepts(listenerPort)).toBe(true)
    const drained = await agent.status()
    expect(drained).toMatchObject({ healthStatus: "HEALTHY", envoyState: "LIVE" })
    expect(drained.drainedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(await ask(agent.address, "/ready")).toMatchObject({
      status: 503,
      body: expect.stringContaining(`drained on request at ${drained.drainedAt}, until its next start`)
    })
    expect((await ask(agent.address, "/live")).status).toBe(200)
    expect(agent.stderr()).toContain("2 inbound listeners drained, requested by 127.0.0.1: /ready is 503 until")
    expect((await runAgent(["ready", "--timeout", "0"], agent.environment)).code).toBe(0)

    process.kill(await agent.envoyPid(), "SIGKILL")
    const restarted = await agent.until({ healthStatus: "HEALTHY", envoyRestartCount: "1" })
    expect(restarted).not.toHaveProperty("drainedAt")
    expect((await ask(agent.address, "/ready")).status).toBe(200)
    await eventually(async () => (await Promise.all(ports.map(accepts))).every(Boolean), "open inbound listeners")
  }, 60_000)

  it("drains inbound listeners gracefully, and over a unix socket", async () => {
    shows("drain-route", "drain-logged")
    const path = `${privateFolder()}/api.sock`
    const environment = { APPNET_AGENT_ADMIN_MODE: "uds", APPNET_AGENT_ADMIN_UDS_PATH: path }
    const { agent, ports } = await startInbound(1, environment)
    expect((await post(agent, "/drain_listeners?graceful&inboundonly")).body).toMatch(
      /^OK\ngraceful drain of 1 inbound listener begun\./
    )
    const keepAlive = new http.Agent({ keepAlive: true })
    onTestFinished(() => keepAlive.destroy())
    await eventually(
      () =>
        ask(`http://127.0.0.1:${ports[0]}`, "/", { agent: keepAlive }).then(
          (answer) => answer.headers.connection === "close",
          () => true
        ),
      "an answer that ends the connection, or none"
    )
    expect(agent.stderr()).toContain(`requested by a client of the socket ${path}: /ready is 503`)
    expect(await agent.status()).toHaveProperty("drainedAt")
  })

  it("does not claim a drain that a stopped Envoy has not answered, and tells when it happens", async () => {
    shows("drain-unanswered", "bad-gateway")
    const { accepts, agent, ports } = await startInbound(1)
    const pid = await agent.envoyPid()
    process.kill(pid, "SIGSTOP")
    onTestFinished(() => void (isAlive(pid) && process.kill(pid, "SIGCONT")))
    expect(await post(agent, "/drain_listeners")).toMatchObject({
      status: 502,
      body: expect.stringContaining("the drain may happen at any time, and is repeated until Envoy answers")
    })
    expect(await agent.status()).not.toHaveProperty("drainedAt")
    expect((await ask(agent.address, "/ready")).status).toBe(503)
    process.kill(pid, "SIGCONT")
    await eventually(async () => "drainedAt" in (await agent.status()), "the drain's time in /status")
    await eventually(async () => !(await Promise.all(ports.map(accepts))).some(Boolean), "closed inbound listeners")
    await agent.until({ healthStatus: "HEALTHY" })
    expect(await ask(agent.address, "/ready")).toMatchObject({
      status: 503,
      body: expect.stringMatching(/^DRAINED: .*drained on request/)
    })
  }, 60_000)

  it("sets the log level, and resets it after the configured time", async () => {
    shows("APPNET_AGENT_LOGGING_RESET_TIMEOUT", "logging-reset")
    const { agent } = await startMesh({ environment: { APPNET_AGENT_LOGGING_RESET_TIMEOUT: "4" } })
    await agent.until({ healthStatus: "HEALTHY" })
    const level = async () => {
      const { body } = await ask(adminOf(agent), "/logging", { method: "POST" })
      return new Set(body.split("\n").flatMap((line) => /^\s+\S+: (\w+)$/.exec(line)?.[1] ?? []))
    }
    expect(await post(agent, "/enableLogging?level=warn")).toMatchObject({
      status: 200,
      body: expect.stringMatching(
        /^Setting logging level from \[info\] to \[warning\]\nrequested by 127.0.0.1, until \S+Z, when it is reset to \[info\]\n$/
      )
    })
    expect(await level()).toEqual(new Set(["warning"]))
    const pending = await agent.status()
    expect(pending.logLevel).toBe("warning")
    expect(agent.stderr()).toContain(
      `set from [info] to [warning], requested by 127.0.0.1, until ${pending.logLevelResetsAt}, when it is reset to [info]`
    )
    await eventually(async () => (await level()).has("info"), "the configured level")
    await eventually(() => agent.stderr().includes("Envoy's log level is info again"), "a line in the log")
    const after = await agent.status()
    expect([after.logLevel, after.logLevelResetsAt]).toEqual(["info", undefined])
  })

  it("does not know the level of an Envoy that did not answer, and always gets it back", async () => {
    shows("logging-unknown", "logging-reset", "bad-gateway")
    const { agent } = await startMesh({ environment: { APPNET_AGENT_LOGGING_RESET_TIMEOUT: "4" } })
    await agent.until({ healthStatus: "HEALTHY", logLevel: "info" })
    const pid = await agent.envoyPid()
    onTestFinished(() => void (isAlive(pid) && process.kill(pid, "SIGCONT")))
    const adminLevel = async () =>
      /^ {2}admin: (\w+)$/m.exec((await ask(adminOf(agent), "/logging", { method: "POST" })).body)?.[1]
    const askStopped = async () => {
      process.kill(pid, "SIGSTOP")
      const { body, status } = await post(agent, "/enableLogging?level=debug")
      const { logLevel, logLevelResetsAt } = await agent.status()
      expect([status, logLevel]).toEqual([502, "unknown"])
      expect(body).toContain(`Envoy's log level is unknown until ${logLevelResetsAt}, when it is reset to [info]`)
      process.kill(pid, "SIGCONT")
    }

    // What was answered with 502 takes effect all the same, and is reset.
    await askStopped()
    await eventually(async () => (await adminLevel()) === "debug", "the level that came late")
    await agent.until({ logLevel: "info" })
    expect(await adminLevel()).toBe("info")

    // The level that is believed to be in force is passed on, and comes after what was sent before.
    await askStopped()
    expect(await post(agent, "/enableLogging?level=info")).toMatchObject({
      status: 200,
      body: expect.stringContaining("from [unknown] to [info]")
    })
    for (let i = 0; i < 20; i += 1) expect(await adminLevel()).toBe("info")
    expect((await agent.status()).logLevel).toBe("info")
  }, 60_000)

  it("sees a level that was changed at Envoy's admin, and does not answer 304 for the one before", async () => {
    shows("logging-changed-elsewhere")
    const { agent } = await startMesh()
    await agent.until({ healthStatus: "HEALTHY" })
    const admin = adminOf(agent)
    expect((await post(agent, "/enableLogging?level=info")).status).toBe(304)
    await ask(admin, "/logging?level=error", { method: "POST" })
    expect((await post(agent, "/enableLogging?level=info")).body).toContain("from [error] to [info]")
    await ask(admin, "/logging?admin=off", { method: "POST" })
    expect((await post(agent, "/enableLogging?level=info")).body).toContain("from [mixed] to [info]")
    expect((await post(agent, "/enableLogging?level=info")).status).toBe(304)
    expect((await ask(admin, "/logging", { method: "POST" })).body).not.toMatch(/: (error|off)/)
  })

  it("starts an Envoy again with the level that was made permanent", async () => {
    shows("restart-level", "logging-reset")
    const { agent } = await startMesh({ environment: { APPNET_ENVOY_RESTART_COUNT: "2" } })
    const restarted = async (count: string) => {
      process.kill(await agent.envoyPid(), "SIGKILL")
      const { envoyPid, logLevel } = await agent.until({ healthStatus: "HEALTHY", envoyRestartCount: count })
      const words = readFileSync(`/proc/${envoyPid}/cmdline`, "utf8").split("\0")
      return { logLevel, started: words[words.indexOf("-l") + 1] }
    }
    await agent.until({ healthStatus: "HEALTHY" })
    await post(agent, "/enableLogging?level=debug")
    expect(await restarted("1")).toEqual({ logLevel: "info", started: "info" })
    await post(agent, "/enableLogging?level=error&permanent=true")
    expect(await restarted("2")).toEqual({ logLevel: "error", started: "error" })
    expect((await post(agent, "/enableLogging?level=error")).status).toBe(304)
  }, 60_000)

  it("takes every level of Envoy in upper and lower case, and answers 304 if the level is in force already", async () => {
    shows("logging-route")
    const { agent } = await startMesh()
    await agent.until({ healthStatus: "HEALTHY" })
    let before = "info"
    for (const word of ["trace", "DEBUG", "info", "Warn", "warning", "error", "CRITICAL", "off"]) {
      const level = word === "Warn" ? "warning" : word.toLowerCase()
      const { body, status } = await post(agent, `/enableLogging?level=${word}`)
      const words = `Setting logging level from [${before}] to [${level}]`
      expect([word, status, body.split("\n", 1)[0]]).toEqual(level === before ? [word, 304, ""] : [word, 200, words])
      expect((await ask(adminOf(agent), "/logging", { method: "POST" })).body).toMatch(
        new RegExp(`^  admin: ${level}$`, "m")
      )
      before = level
    }
  })

  it("answers each request as documented", async () => {
    shows(
      "APPNET_AGENT_ALLOWED_HOSTS",
      "probes",
      "wrong-method",
      "unknown-path",
      "no-body",
      "host-and-origin",
      "stats-bad-query",
      "drain-route",
      "logging-route"
    )
    const { agent } = await startMesh({ environment: { APPNET_AGENT_ALLOWED_HOSTS: "agent.internal" } })
    await agent.until({ healthStatus: "HEALTHY" })
    const delta = "/stats/prometheus?usedonly&filter=metrics_extension&delta"
    const cases: ReadonlyArray<
      readonly [method: string, path: string, status: number, headers?: Readonly<Record<string, string>>]
    > = [
      ["GET", "/ready", 200],
      ["GET", "/live", 200],
      ["HEAD", "/stats/prometheus", 200],
      ["PUT", "/status", 405],
      ["GET", "/drain_listeners", 405],
      ["GET", "/nothing", 404],
      ["GET", "/%6cive", 404],
      ["GET", "/live;x", 404],
      ["GET", "http://127.0.0.1/live", 200],
      ["GET", "http://127.0.0.1/x/../live", 404],
      ["GET", "/status", 200, { host: "agent.internal" }],
      ["GET", "/status", 403, { host: "elsewhere.internal" }],
      ["GET", "/live", 200, { host: "elsewhere.internal" }],
      ["GET", "/ready", 200, { host: "elsewhere.internal" }],
      ["GET", "/openapi.json", 403, { host: "elsewhere.internal" }],
      ["GET", "/stats/prometheus", 403, { host: "elsewhere.internal" }],
      ["GET", "/stats/prometheus?%75sedonly", 400],
      ["GET", "/status", 400, { "content-length": "1" }],
      ["POST", "/drain_listeners", 400, { "transfer-encoding": "chunked" }],
      ["POST", "/drain_listeners?x", 400],
      ["POST", "/enableLogging?level=loud", 400],
      ["POST", "/enableLogging?level=info", 403, { host: "elsewhere.internal" }],
      ["POST", "/enableLogging?level=info", 403, { origin: "http://elsewhere.internal" }],
      ["POST", "/enableLogging?level=info", 304, { host: "agent.internal" }],
      ["GET", "/stats/prometheus?x", 400],
      ["GET", "/stats/prometheus?delta", 400],
      ["GET", delta, 200],
      ["POST", "/drain_listeners?inboundonly", 200]
    ]
    for (const [method, path, status, headers = { "content-length": "0" }] of cases) {
      expect([method, path, (await ask(agent.address, path, { method, headers })).status]).toEqual([
        method,
        path,
        status
      ])
    }
    expect((await ask(agent.address, "/status", { method: "PUT" })).headers.allow).toBe("GET, HEAD")
    expect((await ask(agent.address, delta)).headers["x-snapshot"]).toBe("disabled")
  })

  it("answers with Envoy's stats: all, those of the metrics extension, and compressed", async () => {
    shows("stats-route")
    const { agent, listener } = await startCounting()
    for (let i = 0; i < 10; i += 1) await ask(listener, "/")
    const direct = await ask(adminOf(agent), "/stats/prometheus")
    const plain = await ask(agent.address, "/stats/prometheus")
    expect(plain.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8")
    expect(new Set(families(plain.body).keys())).toEqual(new Set(families(direct.body).keys()))

    const filtered = await ask(agent.address, extension)
    const wanted = families((await ask(adminOf(agent), "/stats/prometheus?usedonly")).body)
    const expected = [...wanted].flatMap(([name, text]) =>
      name.startsWith("envoy_appmesh_") ? [text.replaceAll("envoy_appmesh_", "")] : []
    )
    expect(filtered.body.trim()).toBe(expected.join("\n").trim())
    expect(countOf(filtered.body)).toBeGreaterThanOrEqual(10)

    const small = await new Promise<Buffer>((resolve, reject) =>
      http.get(`${agent.address}${extension}`, { headers: { "accept-encoding": "gzip" }, agent: false }, (response) => {
        const parts: Array<Buffer> = []
        response.on("data", (part: Buffer) => parts.push(part))
        response.on("end", () => resolve(Buffer.concat(parts)))
        response.on("error", reject)
      })
    )
    expect(gunzipSync(small).toString()).toBe(filtered.body)
  })

  it("answers with the same families whether Envoy filters first or not, whatever its tags take out of a name", async () => {
    shows("stats-prefiltered")
    const folder = privateFolder()
    const environment = await agentEnvironment(folder)
    const port = await freePort()
    // The names of stats, and tags that take something out of them.
    const prefixes = [
      "appmesh.Plain",
      "tag.appmesh.Behind",
      "appTAGmesh.Joined",
      "appmesh.Da-sh",
      "cluster_appmesh.Inner",
      "app.mesh"
    ]
    const tags = [
      { tagName: "behind", regex: "^((tag)\\.)" },
      { tagName: "joined", regex: "^app((TAG))mesh" }
    ]
    const listener = counting(port, prefixes)
    const admin = {
      address: { socketAddress: { address: "127.0.0.1", portValue: environment.ENVOY_ADMIN_ACCESS_PORT } }
    }
    writeFileSync(
      `${folder}/own.json`,
      JSON.stringify({
        admin,
        statsConfig: { statsTags: tags },
        staticResources: { listeners: [listener], clusters: [{ name: "appmesh_cluster", type: "STATIC" }] }
      })
    )
    const agent = await startAgent({ folder, environment: { ...environment, ENVOY_CONFIG_FILE: `${folder}/own.json` } })
    await agent.until({ healthStatus: "HEALTHY" })
    for (let i = 0; i < 3; i += 1) expect((await ask(`http://127.0.0.1:${port}`, "/")).status).toBe(200)
    for (const used of ["", "usedonly&"]) {
      const all = families((await ask(adminOf(agent), `/stats/prometheus?${used}`)).body)
      const expected = [...all].flatMap(([name, text]) =>
        name.startsWith("envoy_appmesh_") ? [text.replaceAll("envoy_appmesh_", "")] : []
      )
      const { body } = await ask(agent.address, `/stats/prometheus?${used}filter=metrics_extension`)
      expect(body.trim()).toBe(expected.join("\n").trim())
      for (const word of ["Plain", "Behind", "Joined", "Da_sh"])
        expect(body).toMatch(new RegExp(`^${word}_.*ok.* 3$`, "m"))
      for (const word of ["Inner", "app_mesh", "cluster"]) expect(body).not.toContain(word)
    }
  })

  it("counts every request exactly once for each scraper", async () => {
    shows("ENABLE_STATS_SNAPSHOT", "APPNET_STATS_SNAPSHOT_INTERVAL_S", "stats-cursor")
    const { agent, listener } = await startCounting({
      ENABLE_STATS_SNAPSHOT: "1",
      APPNET_STATS_SNAPSHOT_INTERVAL_S: "1"
    })
    const since = async (cursor: string) => {
      const { body, headers } = await ask(agent.address, `${extension}&delta&since=${cursor}`)
      return { count: countOf(body), cursor: `${headers["x-snapshot-cursor"]}` }
    }
    const scrapers = [await since("none"), await since("none")]
    const before = scrapers[0]?.count ?? 0
    const keepAlive = new http.Agent({ keepAlive: true })
    onTestFinished(() => keepAlive.destroy())
    for (let i = 0; i < 1000; i += 1) expect((await ask(listener, "/", { agent: keepAlive })).status).toBe(200)
    const total = countOf((await ask(agent.address, extension)).body)
    const counted = await Promise.all(
      scrapers.map(async ({ cursor }) => {
        let sum = 0
        let at = cursor
        await eventually(async () => {
          const next = await since(at)
          if (next.cursor !== at) sum += next.count
          at = next.cursor
          await new Promise((done) => setTimeout(done, 300))
          return sum >= total - before
        }, "all requests")
        return sum
      })
    )
    expect(counted).toEqual([total - before, total - before])
    const idle = await ask(agent.address, `${extension}&delta`)
    expect(idle.headers["x-snapshot-cursor"]).toBeDefined()
    const { pid } = await agent.status().then(({ envoyPid }) => ({ pid: Number(envoyPid) }))
    process.kill(pid, "SIGSTOP")
    onTestFinished(() => void process.kill(pid, "SIGCONT"))
    expect(await ask(agent.address, "/stats/prometheus", { timeout: 15_000 })).toMatchObject({ status: 502 })
    expect(await post(agent, "/drain_listeners")).toMatchObject({ status: 502 })
    expect((await ask(agent.address, "/live")).status).toBe(200)
  }, 90_000)

  it("is used by the command line, over TCP and over a unix socket", async () => {
    shows(
      "APPNET_AGENT_ADMIN_MODE",
      "APPNET_AGENT_ADMIN_UDS_PATH",
      "APPNET_AGENT_ADMIN_TOKEN",
      "status-command",
      "control-commands",
      "control-exit-codes",
      "ready-settings",
      "stats-no-delta"
    )
    for (const mode of ["tcp", "uds"]) {
      const path = `${privateFolder()}/api.sock`
      const { agent } = await startMesh({
        environment: {
          APPNET_AGENT_ADMIN_MODE: mode,
          APPNET_AGENT_ADMIN_UDS_PATH: path,
          APPNET_AGENT_ADMIN_TOKEN: "s3cret"
        }
      })
      await agent.until({ healthStatus: "HEALTHY", managementServerConnectionStatus: "CONNECTED" })
      const run = (...words: ReadonlyArray<string>) => runAgent(words, agent.environment)
      expect(await run("status")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^healthStatus\s+HEALTHY$/m) })
      expect(JSON.parse((await run("status", "--json")).stdout)).toMatchObject({ envoyState: "LIVE" })
      const asUrl = { ...agent.environment, APPNET_AGENT_ADMIN_UDS_PATH: `unix://${path}` }
      expect(await runAgent(["ready", "--timeout", "0"], asUrl)).toEqual({ code: 0, stdout: "", stderr: "" })
      expect(await run("log-level", "debug")).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(
          /^Setting logging level from \[info\] to \[debug\]\nrequested by .*Z, when it is reset to/
        )
      })
      expect(await run("log-level", "debug", "--permanent")).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("already")
      })
      const stats = await run("stats", "--used-only")
      expect(stats.code).toBe(0)
      expect(stats.stdout).toContain("envoy_server_live{} 1")
      expect((await run("stats", "--delta")).stderr).toContain("ENABLE_STATS_SNAPSHOT")
      expect(await run("drain")).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^OK\n.*Draining cannot be undone/)
      })
      const { APPNET_AGENT_ADMIN_TOKEN: _, ...withoutToken } = agent.environment
      expect(await runAgent(["drain"], withoutToken)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("refused (401): this request needs Authorization: Bearer")
      })
      agent.child.kill("SIGTERM")
      await agent.exited
      for (const words of [["status"], ["drain"], ["log-level", "info"], ["stats"]]) {
        const { code, stderr } = await run(...words)
        expect([words, code]).toEqual([words, 2])
        expect(stderr).toMatch(/^no agent answers on .*(ECONNREFUSED|ENOENT)\n$/)
      }
    }
  }, 60_000)

  it("serves stats, and nothing else, on the address for scrapers", async () => {
    shows("APPNET_AGENT_SCRAPE_ADDRESS", "scrape-only")
    const port = await freePort()
    const folder = privateFolder()
    const { agent } = await startMesh({
      environment: {
        APPNET_AGENT_ADMIN_MODE: "uds",
        APPNET_AGENT_ADMIN_UDS_PATH: `${folder}/api.sock`,
        APPNET_AGENT_SCRAPE_ADDRESS: `127.0.0.1:${port}`
      }
    })
    await agent.until({ healthStatus: "HEALTHY" })
    const scrape = `http://127.0.0.1:${port}`
    expect((await ask(scrape, "/stats/prometheus?usedonly")).body).toContain("envoy_server_live")
    for (const path of ["/status", "/ready", "/drain_listeners", "/enableLogging?level=off"]) {
      expect((await ask(scrape, path, { method: "POST" })).status).toBe(404)
    }
  })

  /** Opens raw connections to the management API, which are closed when the test ends. */
  const attackOn = (agent: Agent) => {
    const port = Number(agent.environment.APPNET_AGENT_HTTP_PORT)
    const sockets = new Set<net.Socket>()
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
    })
    const send = (text: string | Buffer) => {
      const socket = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true })
      sockets.add(socket)
      let answer = ""
      socket.on("error", () => undefined)
      socket.on("data", (part) => {
        answer += part.toString("latin1")
      })
      socket.write(text)
      return { socket, answer: () => answer }
    }
    const allEnded = () =>
      eventually(
        () => [...sockets].every((socket) => socket.destroyed || socket.readableEnded),
        "no open connection",
        40
      )
    const probesAnswer = async () => {
      for (const path of ["/live", "/ready", "/status"]) expect((await ask(agent.address, path)).status).toBe(200)
    }
    return { send, allEnded, probesAnswer }
  }

  it("answers probes despite slow, huge and malformed requests", async () => {
    shows("cut-off", "connection-limit")
    const { agent } = await startMesh()
    await agent.until({ healthStatus: "HEALTHY" })
    const { allEnded, probesAnswer, send } = attackOn(agent)
    for (let i = 0; i < 2000; i += 1) {
      send("GET /status HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
      if (i % 400 === 0) await probesAnswer()
    }
    await probesAnswer()
    const huge = send(`GET /status HTTP/1.1\r\nhost: localhost\r\nx: ${"a".repeat(1_000_000)}\r\n\r\n`)
    const body = send(
      Buffer.concat([
        Buffer.from("POST /drain_listeners HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10000000\r\n\r\n"),
        Buffer.alloc(10_000_000, "x")
      ])
    )
    const slowBody = send("POST /drain_listeners HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc")
    const garbage = send("\u0000\u0001\u0002 nonsense\r\n\r\n")
    const pipelined = send(`${"GET /live HTTP/1.1\r\nhost: a\r\n\r\n".repeat(50)}nonsense\r\n\r\n`)
    const incomplete = send("GET /live HTTP/1.1\r\nhost: a\r\nx")
    incomplete.socket.end()
    await eventually(() => huge.answer().startsWith("HTTP/1.1 431"), "a refusal of the headers")
    await eventually(() => body.answer().startsWith("HTTP/1.1 400"), "a refusal of the body")
    await eventually(() => slowBody.answer().startsWith("HTTP/1.1 400"), "a refusal of the slow body")
    await eventually(() => garbage.answer().startsWith("HTTP/1.1 400"), "a refusal of what is no request")
    await eventually(() => incomplete.answer().startsWith("HTTP/1.1 400"), "a refusal of half a request")
    await eventually(() => pipelined.answer().split("HTTP/1.1 200").length === 51, "an answer to each request")
    await eventually(() => pipelined.answer().split("HTTP/1.1 400").length === 2, "then a refusal of what follows")
    const slow = send("GET /live HTTP/1.1\r\nhost: a\r\nx-slow: ")
    await eventually(() => slow.answer().startsWith("HTTP/1.1 408"), "a refusal of slow headers")
    expect(slow.answer().toLowerCase()).toContain("x-content-type-options: nosniff")
    await probesAnswer()
    // Incomplete requests are cut off.
    await allEnded()
  }, 90_000)

  it("answers probes despite clients that do not read, and cuts them off", async () => {
    shows("unread-answers", "cut-off")
    const { agent } = await startMesh()
    await agent.until({ healthStatus: "HEALTHY" })
    const { allEnded, probesAnswer, send } = attackOn(agent)
    const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.pid}/status`, "utf8"))?.[1]) / 1024
    await probesAnswer()
    const before = resident()
    const one = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n"
    const unread = Array.from({ length: 400 }, (_, i) => send(one.repeat(i % 2 === 0 ? 60 : 2000)).socket.pause())
    for (let i = 0; i < 20; i += 1) {
      await probesAnswer()
      await new Promise((done) => setTimeout(done, 50))
    }
    // All of these answers are gigabytes.
    expect(resident()).toBeLessThan(before + 300)
    // A connection that is cut off is noticed by who writes.
    await eventually(
      () => {
        for (const socket of unread) if (!socket.destroyed) socket.write(" ")
        return unread.every((socket) => socket.destroyed)
      },
      "no open connection of a client that does not read",
      40
    )
    await probesAnswer()
    await allEnded()
  }, 90_000)

  it("answers requests for an upgrade without it, and leaves none of their connections open", async () => {
    shows("no-upgrade")
    const port = await freePort()
    const { agent } = await startMesh({ environment: { APPNET_AGENT_SCRAPE_ADDRESS: `127.0.0.1:${port}` } })
    await agent.until({ healthStatus: "HEALTHY" })
    const { allEnded, probesAnswer, send } = attackOn(agent)
    const upgrade = (path: string, protocol: string) =>
      `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\n\r\n`
    const attempts = Array.from({ length: 1000 }, (_, i) => send(upgrade("/live", i % 2 === 0 ? "websocket" : "x")))
    await eventually(() => attempts.every(({ answer }) => answer().startsWith("HTTP/1.1 200")), "an answer to each")
    await probesAnswer()
    await allEnded()
    const scrape = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true })
    onTestFinished(() => void scrape.destroy())
    let answer = ""
    scrape.on("data", (part) => {
      answer += part.toString("latin1")
    })
    scrape.write(upgrade("/stats/prometheus", "websocket"))
    await eventually(() => scrape.readableEnded, "the end of the scraper's connection")
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*envoy_server_live/s)
  }, 60_000)

  it("gives a client that has ended its side of the connection the whole answer", async () => {
    shows("half-closed")
    const { agent } = await startMesh()
    await agent.until({ healthStatus: "HEALTHY" })
    const { send } = attackOn(agent)
    const { body } = await ask(agent.address, "/stats/prometheus")
    const half = send("GET /stats/prometheus HTTP/1.1\r\nhost: localhost\r\n\r\n")
    half.socket.end()
    await eventually(() => half.socket.readableEnded, "the end of the answer")
    expect(half.answer()).toMatch(/^HTTP\/1\.1 200 .*\r\n0\r\n\r\n$/s)
    expect(half.answer().length).toBeGreaterThan(body.length)
    const drained = send("POST /drain_listeners HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n")
    drained.socket.end()
    await eventually(() => drained.socket.readableEnded, "the end of the answer to the drain")
    expect(drained.answer()).toMatch(/^HTTP\/1\.1 200 .*Draining cannot be undone/s)
  })

  it("answers probes after bursts of 5000 requests on every route, with stable memory", async () => {
    shows("rate-limit")
    const { agent } = await startMesh()
    await agent.until({ healthStatus: "HEALTHY" })
    const keepAlive = new http.Agent({ keepAlive: true, maxSockets: 20 })
    onTestFinished(() => keepAlive.destroy())
    const routes: ReadonlyArray<readonly [method: string, path: string, statuses: ReadonlyArray<number>]> = [
      ["GET", "/status", [200]],
      // After the drain at the end of the first round, traffic belongs elsewhere.
      ["GET", "/ready", [200, 503]],
      ["GET", "/live", [200]],
      // Envoy may answer too late on a machine that is busy with the burst: hence 502.
      ["GET", "/stats/prometheus", [200, 429, 502, 503]],
      ["GET", "/openapi.json", [200, 429]],
      ["POST", "/enableLogging?level=info", [304, 429]],
      ["GET", "/nothing", [404]],
      ["POST", "/drain_listeners", [200, 429, 502]]
    ]
    const burst = async ([method, path, statuses]: (typeof routes)[number]) => {
      const answers = await Promise.all(
        Array.from({ length: 5000 }, () =>
          ask(agent.address, path, { agent: keepAlive, method, timeout: 60_000, headers: { "content-length": "0" } })
        )
      )
      const seen = new Set(answers.map(({ status }) => status))
      expect([path, ...[...seen].filter((status) => !statuses.includes(status))]).toEqual([path])
      expect(seen.has(429)).toBe(statuses.includes(429))
    }
    const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.pid}/status`, "utf8"))?.[1]) / 1024
    for (const route of routes) await burst(route)
    const before = resident()
    for (const route of routes) await burst(route)
    expect(resident()).toBeLessThan(before + 50)
    for (const path of ["/status", "/live"]) expect((await ask(agent.address, path)).status).toBe(200)
    expect(await ask(agent.address, "/ready")).toMatchObject({ status: 503, body: expect.stringMatching(/^DRAINED/) })
  }, 180_000)
})

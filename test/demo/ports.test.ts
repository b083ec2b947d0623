import net from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { type Ports, type ReservedPorts, reservePorts, saysPortTaken } from "../../demo/ports.ts"
import { freePort } from "../e2e/agent.ts"

const reserve = async (preferred: Ports): Promise<ReservedPorts> => {
  const reserved = await reservePorts(preferred)
  onTestFinished(async () => {
    await reserved.release()
    reserved.giveUp()
  })
  return reserved
}

/** Listens on a port for the rest of the test. */
const take = async (port: number, address = "127.0.0.1") => {
  const server = net.createServer()
  await new Promise<void>((done, failed) => {
    server.once("error", failed)
    server.listen(port, address, done)
  })
  onTestFinished(() => void server.close())
}

const fourFreePorts = async (): Promise<Ports> => ({
  listener: await freePort(),
  upstream: await freePort(),
  agent: await freePort(),
  admin: await freePort()
})

const isDistinct = (...ports: ReadonlyArray<Ports>) => {
  const all = ports.flatMap((some) => Object.values(some))
  return new Set(all).size === all.length
}

describe("reservePorts", () => {
  it("keeps each preferred port that is free, and replaces those that are taken, on whatever address", async () => {
    const preferred = await fourFreePorts()
    await take(preferred.upstream)
    await take(preferred.admin, "0.0.0.0")
    const { ports } = await reserve(preferred)
    expect([ports.listener, ports.agent]).toEqual([preferred.listener, preferred.agent])
    expect([preferred.upstream, preferred.admin]).not.toContain(ports.upstream)
    expect([preferred.upstream, preferred.admin]).not.toContain(ports.admin)
    expect(isDistinct(ports)).toBe(true)
  })

  it("chooses four different ports when all are preferred to be the same", async () => {
    const port = await freePort()
    const { ports } = await reserve({ listener: port, upstream: port, agent: port, admin: port })
    expect(ports.listener).toBe(port)
    expect(isDistinct(ports)).toBe(true)
  })

  it("chooses different ports for two demos that start at once", async () => {
    const preferred = await fourFreePorts()
    const [one, other] = await Promise.all([reserve(preferred), reserve(preferred)])
    expect(isDistinct(one.ports, other.ports)).toBe(true)
  })

  it("releases its ports even while a client is connected", async () => {
    const { ports, release } = await reserve(await fourFreePorts())
    const client = net.connect(ports.agent, "127.0.0.1")
    client.on("error", () => {})
    await new Promise((done) => client.once("close", done))
    await release()
    await take(ports.agent)
    await take(ports.listener)
  })

  it("keeps other demos from its ports until it gives them up, even after it has released them", async () => {
    const preferred = await fourFreePorts()
    const first = await reservePorts(preferred)
    await first.release()
    const second = await reserve(preferred)
    expect(isDistinct(first.ports, second.ports)).toBe(true)
    first.giveUp()
    expect((await reserve(preferred)).ports).toEqual(preferred)
  })
})

describe("saysPortTaken", () => {
  const ports: Ports = { listener: 10_080, upstream: 10_081, agent: 9902, admin: 9901 }

  it("recognises the messages of Node and of Envoy", () => {
    expect(saysPortTaken("listen EADDRINUSE: address already in use 127.0.0.1:9902", ports)).toBe(true)
    expect(saysPortTaken("all is well\ncannot bind '127.0.0.1:10080': Address already in use\n", ports)).toBe(true)
  })

  it("ignores other ports and other problems", () => {
    expect(saysPortTaken("cannot bind '127.0.0.1:99010': Address already in use", ports)).toBe(false)
    expect(saysPortTaken("http://127.0.0.1:9901\nAddress already in use: /tmp/a.sock", ports)).toBe(false)
    expect(saysPortTaken("cannot bind '127.0.0.1:9901': Permission denied", ports)).toBe(false)
  })
})

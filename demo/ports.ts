// Chooses the TCP ports of one run together, so that no two of them are the same.
import net from "node:net"
import { DemoError } from "./DemoError.ts"

/** Every address of the demo is on loopback. */
export const host = "127.0.0.1"

export interface Ports {
  /** Envoy's listener, which takes the traffic. */
  readonly listener: number
  /** Where that traffic goes. */
  readonly upstream: number
  /** The agent's management API. */
  readonly agent: number
  /** Envoy's admin. */
  readonly admin: number
}

/** resources/demo/mesh.yaml has those of the listener and the upstream too. */
export const preferredPorts: Ports = { listener: 10_080, upstream: 10_081, agent: 9902, admin: 9901 }

export interface ReservedPorts {
  readonly ports: Ports
  /** Stops listening, so that the programs can listen for which the ports were chosen. */
  readonly release: () => Promise<void>
  /** Lets other demos have the ports. */
  readonly giveUp: () => void
}

interface Reservation {
  readonly port: number
  readonly release: () => Promise<void>
  readonly giveUp: () => void
}

const close = (server: net.Server) => new Promise<void>((done) => server.close(() => done()))

/** Listens on a port of loopback, where 0 is any free one. Undefined where the port is taken. */
const listen = (port: number) =>
  new Promise<net.Server | undefined>((resolve, reject) => {
    // An open connection would keep the server from closing.
    const server = net.createServer((socket) => socket.destroy())
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(undefined)
      else reject(new DemoError(`No port of ${host} can be opened: ${error.message}`))
    })
    server.listen(port, host, () => resolve(server))
  })

/**
 * Keeps other demos from a port that is released and not used yet. The claim is an abstract unix socket, which Linux
 * removes with the process; other systems have none. Undefined where another demo has claimed the port.
 */
const claim = (port: number) =>
  new Promise<net.Server | undefined>((resolve) => {
    const server = net.createServer((socket) => socket.destroy())
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EADDRINUSE" ? undefined : server))
    server.listen(`\0appnet-agent-demo/port-${port}`, () => resolve(server))
  })

/** Undefined where the port is taken, or claimed by another demo. */
const reserve = async (wanted: number): Promise<Reservation | undefined> => {
  const server = await listen(wanted)
  if (server === undefined) return undefined
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : wanted
  const claimed = await claim(port)
  if (claimed !== undefined) return { port, release: () => close(server), giveUp: () => void claimed.close() }
  await close(server)
  return undefined
}

/** How many ports after a preferred one are tried before the kernel chooses. */
const neighbours = 50

const reserveNear = async (preferred: number): Promise<Reservation> => {
  for (let offset = 1; offset <= 2 * neighbours; offset += 1) {
    const port = preferred + offset
    const reservation = await reserve(offset <= neighbours && port <= 65_535 ? port : 0)
    if (reservation !== undefined) return reservation
  }
  throw new DemoError(`No port of ${host} is free`)
}

/**
 * Reserves each preferred port that is free, and the next free one in place of each that is taken. All of them are held
 * until `release`. Fails with a DemoError where no port can be opened.
 */
export const reservePorts = async (preferred: Ports = preferredPorts): Promise<ReservedPorts> => {
  const own = {
    listener: await reserve(preferred.listener),
    upstream: await reserve(preferred.upstream),
    agent: await reserve(preferred.agent),
    admin: await reserve(preferred.admin)
  }
  const reserved = {
    listener: own.listener ?? (await reserveNear(preferred.listener)),
    upstream: own.upstream ?? (await reserveNear(preferred.upstream)),
    agent: own.agent ?? (await reserveNear(preferred.agent)),
    admin: own.admin ?? (await reserveNear(preferred.admin))
  }
  const all = Object.values(reserved)
  return {
    ports: {
      listener: reserved.listener.port,
      upstream: reserved.upstream.port,
      agent: reserved.agent.port,
      admin: reserved.admin.port
    },
    release: async () => {
      await Promise.all(all.map(({ release }) => release()))
    },
    giveUp: () => {
      for (const { giveUp } of all) giveUp()
    }
  }
}

/** Whether a program's output says that another program listens on one of these ports. */
export const saysPortTaken = (text: string, ports: Ports): boolean =>
  text
    .split("\n")
    .some(
      (line) =>
        /EADDRINUSE|address already in use/i.test(line) &&
        Object.values(ports).some((port) => new RegExp(`:${port}\\b`).test(line))
    )

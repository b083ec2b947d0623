import net from "node:net"
import { type ControlPlane, startControlPlane } from "../../../demo/ControlPlane.ts"
import type { Resources } from "../envoy/resources.ts"
import { type PortOf, renderResources } from "./render.ts"
import type { Scenario } from "./scenario.ts"

/** A real control plane at one port, which can go, come back, or fall silent. */
export interface RealControlPlane {
  readonly become: (what: "away" | "serving" | "black hole") => Promise<void>
  readonly serve: (resources: Resources) => void
  readonly endStreams: () => void
  readonly close: () => Promise<void>
}

export const startRealControlPlane = async (
  { controlPlane, fixed }: Scenario,
  port: number,
  portOf: PortOf
): Promise<RealControlPlane> => {
  const upstream = fixed?.clusters?.some(({ name }) => name === "upstream") ?? false
  let resources = controlPlane?.resources ?? {}
  let isSilent = controlPlane?.initially === "silent"
  let server: ControlPlane | undefined
  let hole: net.Server | undefined
  const swallowed = new Set<net.Socket>()

  const leave = async () => {
    await server?.close()
    server = undefined
    for (const socket of swallowed) socket.destroy()
    swallowed.clear()
    await new Promise<void>((done) => (hole === undefined ? done() : hole.close(() => done())))
    hole = undefined
  }

  const become: RealControlPlane["become"] = async (what) => {
    await leave()
    if (what === "serving") {
      server = await startControlPlane({
        address: `127.0.0.1:${port}`,
        resources: renderResources(resources, portOf, upstream),
        repeatsRejected: controlPlane?.repeatsRejected ?? false,
        isSilent
      })
    }
    if (what === "black hole") {
      const opened = net.createServer((socket) => swallowed.add(socket.on("error", () => undefined)))
      await new Promise<void>((done) => opened.listen(port, "127.0.0.1", done))
      hole = opened
    }
  }

  const initially = controlPlane?.initially ?? "away"
  await become(initially === "silent" ? "serving" : initially)
  return {
    become,
    serve: (next) => {
      resources = next
      isSilent = false
      server?.update(renderResources(resources, portOf, upstream))
    },
    endStreams: () => server?.endStreams(),
    close: leave
  }
}

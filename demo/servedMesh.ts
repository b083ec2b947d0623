// Serves the mesh of resources/demo/mesh.yaml from a control plane, and serves it anew when the file changes.
import { relative } from "node:path"
import { type ControlPlane, type Nack, startControlPlane } from "./ControlPlane.ts"
import { DemoError, messageOf } from "./DemoError.ts"
import { onMeshChange, readMesh } from "./meshFile.ts"
import type { Output } from "./output.ts"
import { host, type Ports, preferredPorts } from "./ports.ts"
import { root } from "./prerequisites.ts"

const meshFile = `${root}resources/demo/mesh.yaml`

/** The file's path, relative to the current folder where it is inside. */
export const meshFileHere = (): string => {
  const path = relative(process.cwd(), meshFile)
  return path.startsWith("..") ? meshFile : path
}

/** Envoy's words on one line. The reason is at their end, behind the rejected resource. */
const shorten = (message: string): string => {
  const line = message
    .replace(/\s+/g, " ")
    .replace(/\p{Cc}/gu, "?")
    .trim()
  return line.length <= 500 ? line : `${line.slice(0, 100)} ... ${line.slice(-395)}`
}

export interface ServedMesh {
  /** `host:port`. */
  readonly address: string
  /** What Envoy rejected last. */
  readonly rejection: () => string | undefined
  readonly close: () => Promise<void>
}

const startEmpty = async (onNack: (nack: Nack) => void): Promise<ControlPlane> => {
  try {
    return await startControlPlane({ address: `${host}:0`, resources: {}, onNack })
  } catch (error) {
    throw new DemoError(`The control plane cannot start: ${messageOf(error)}`)
  }
}

/** Fails with a DemoError where the file is not valid, or the control plane cannot listen. */
export const serveMesh = async (
  ports: Ports,
  output: Output,
  onRejection: (message: string) => void
): Promise<ServedMesh> => {
  const replacements = new Map([
    [preferredPorts.listener, ports.listener],
    [preferredPorts.upstream, ports.upstream]
  ])
  let rejection: string | undefined
  const plane = await startEmpty(({ message }) => {
    rejection = shorten(message)
    output.print(`Envoy rejects ${meshFileHere()}: ${rejection}`)
    onRejection(message)
  })
  const update = () => {
    try {
      plane.update(readMesh(meshFile, replacements))
    } catch (error) {
      throw new DemoError(`${meshFileHere()} cannot be served: ${messageOf(error)}`)
    }
  }
  update()
  const unwatch = onMeshChange(meshFile, () => {
    try {
      update()
      output.print(`${meshFileHere()} changed: sent to Envoy`)
    } catch (error) {
      output.print(messageOf(error))
    }
  })
  return {
    address: plane.address,
    rejection: () => rejection,
    close: () => {
      unwatch()
      return plane.close()
    }
  }
}

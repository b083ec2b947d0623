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

export interface ServedMesh {
  /** `host:port`. */
  readonly address: string
  readonly nacks: ReadonlyArray<Nack>
  readonly close: () => Promise<void>
}

const startPlane = async (
  resources: ReturnType<typeof readMesh>,
  onNack: (nack: Nack) => void
): Promise<ControlPlane> => {
  try {
    return await startControlPlane({ address: `${host}:0`, resources, onNack })
  } catch (error) {
    throw new DemoError(`The control plane cannot start: ${messageOf(error)}`)
  }
}

/** Fails with a DemoError where the file is not valid, or the control plane cannot listen. */
export const serveMesh = async (ports: Ports, output: Output, onNack: (nack: Nack) => void): Promise<ServedMesh> => {
  const replacements = new Map([
    [preferredPorts.listener, ports.listener],
    [preferredPorts.upstream, ports.upstream]
  ])
  const read = () => {
    try {
      return readMesh(meshFile, replacements)
    } catch (error) {
      throw new DemoError(`${meshFileHere()} cannot be served: ${messageOf(error)}`)
    }
  }
  const plane = await startPlane(read(), (nack) => {
    output.print(`Envoy refuses ${meshFileHere()}: ${nack.message.trim()}`)
    onNack(nack)
  })
  const unwatch = onMeshChange(meshFile, () => {
    try {
      plane.update(read())
      output.print(`${meshFileHere()} changed: sent to Envoy`)
    } catch (error) {
      output.print(messageOf(error))
    }
  })
  return {
    address: plane.address,
    nacks: plane.nacks,
    close: () => {
      unwatch()
      return plane.close()
    }
  }
}

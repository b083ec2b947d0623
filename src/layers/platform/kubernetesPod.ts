import type { Settings } from "../../services/Settings.ts"

/** The variables by which the App Mesh controller describes a pod. */
const kubernetesVariables = [
  "APPMESH_PLATFORM_K8S_VERSION",
  "APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION",
  "APPMESH_PLATFORM_K8S_POD_UID"
] as const

/** Whether the App Mesh controller has described this pod, with all of its variables. */
export const isPod = (settings: Settings): boolean => kubernetesVariables.every((name) => settings[name] !== undefined)

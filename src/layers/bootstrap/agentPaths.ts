import { Effect } from "effect"
import { UserFileError } from "../../services/BootstrapProblem.ts"
import { InvalidSetting } from "../../services/Config.ts"
import type { SettingName, Settings } from "../../services/Settings.ts"
import { type Occupant, occupantOf } from "../files/socketPlace.ts"
import { createdSockets } from "./fragments/unixSockets.ts"
import { folderOf, folderProblem, isAbstractSocket } from "./pathAccess.ts"

/** The folders in which the agent creates files of its own, by the variable that names them. */
const ownFolders = (settings: Settings, isGenerated: boolean) => {
  const socket = settings.APPNET_AGENT_ADMIN_UDS_PATH
  const folders: Array<{ readonly variable: SettingName; readonly value: string; readonly folder: string }> = []
  if (isGenerated) {
    const folder = settings.APPNET_RUN_DIR
    folders.push({ variable: "APPNET_RUN_DIR", value: folder, folder })
  }
  if (settings.APPNET_AGENT_ADMIN_MODE === "uds" && !isAbstractSocket(socket)) {
    folders.push({ variable: "APPNET_AGENT_ADMIN_UDS_PATH", value: socket, folder: folderOf(socket) })
  }
  return folders
}

const use: Partial<Readonly<Record<SettingName, string>>> = {
  APPNET_RUN_DIR: "cannot hold the files of this agent",
  APPNET_AGENT_ADMIN_UDS_PATH: "cannot be created"
}

/** The settings that name a place in which the agent cannot create what it needs. */
export const agentPathProblems = Effect.fnUntraced(function* (
  settings: Settings,
  { isGenerated, isInvalid }: { readonly isGenerated: boolean; readonly isInvalid: (name: SettingName) => boolean }
) {
  const problems: Array<InvalidSetting> = []
  for (const { folder, value, variable } of ownFolders(settings, isGenerated)) {
    const problem = isInvalid(variable) ? undefined : yield* folderProblem(folder)
    if (problem === undefined) continue
    problems.push(new InvalidSetting({ variable, value, reason: `${use[variable]}: ${problem}` }))
  }
  return problems
})

/** The sockets that the agent and its Envoy would make, each with what is there already. */
const occupiedSockets = Effect.fnUntraced(function* (settings: Settings, isGenerated: boolean) {
  const variables: ReadonlyArray<SettingName & `${string}_UDS_PATH`> = [
    ...(settings.APPNET_AGENT_ADMIN_MODE === "uds" ? (["APPNET_AGENT_ADMIN_UDS_PATH"] as const) : []),
    ...(isGenerated ? createdSockets(settings) : [])
  ]
  const occupied: Array<{ readonly variable: SettingName; readonly path: string; readonly occupant: Occupant }> = []
  for (const variable of variables) {
    const path = settings[variable]
    const occupant = yield* occupantOf(path)
    if (occupant !== undefined) occupied.push({ variable, path, occupant })
  }
  return occupied
})

/**
 * What stands where a socket would be made. A file that is no socket is a problem. A live socket may be that of an agent that runs
 * with these settings, which need not be wrong for it, so it is a warning here: a start finds out by itself.
 */
export const socketPlaces = Effect.fnUntraced(function* (
  settings: Settings,
  { isGenerated, isInvalid }: { readonly isGenerated: boolean; readonly isInvalid: (name: SettingName) => boolean }
) {
  const problems: Array<InvalidSetting> = []
  const warnings: Array<string> = []
  for (const { occupant, path, variable } of yield* occupiedSockets(settings, isGenerated)) {
    if (isInvalid(variable)) continue
    if (!occupant.isLive) {
      const reason = `is ${occupant.what}, which a socket would replace: remove it, or choose another path`
      problems.push(new InvalidSetting({ variable, value: path, reason }))
    } else if (variable !== "APPNET_RELAY_LISTENER_UDS_PATH") {
      warnings.push(`${variable}=${path} is ${occupant.what}: another agent does not start beside it`)
    }
  }
  return { problems, warnings }
})

/** The same for the admin socket of a bootstrap of the user's own. */
export const ownAdminProblems = Effect.fnUntraced(function* (file: string, path: string) {
  const occupant = yield* occupantOf(path)
  if (occupant === undefined || occupant.isLive) return []
  const reason = `has Envoy's admin at ${path}, which is ${occupant.what} that a socket would replace: remove it, or choose another path`
  return [new UserFileError({ variable: "ENVOY_CONFIG_FILE", path: file, position: undefined, reason })]
})

import { Effect } from "effect"
import { InvalidSetting } from "../../services/Config.ts"
import type { SettingName, Settings } from "../../services/Settings.ts"
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

import { Result } from "effect"
import type { InvalidSetting } from "../../../services/Config.ts"
import type { AgentMode } from "../../../services/Setting.ts"
import type { Settings } from "../../../services/Settings.ts"
import { resolveAppMesh } from "./appMesh.ts"
import type { ModeFacts } from "./modeFacts.ts"
import { relayUpstream } from "./relayUpstream.ts"
import type { ResolvedMode } from "./resolvedMode.ts"
import { resolveServiceConnect } from "./serviceConnect.ts"
import { resolveStandalone } from "./standalone.ts"

/** Everything that the chosen mode needs, or every setting that is missing or wrong for it. */
export const resolveMode = (
  mode: AgentMode,
  settings: Settings,
  facts: ModeFacts
): Result.Result<ResolvedMode, ReadonlyArray<InvalidSetting>> => {
  switch (mode) {
    case "relay":
      return Result.map(relayUpstream(settings, facts), (upstream) => ({ _tag: "Relay", upstream }))
    case "standalone":
      return resolveStandalone(settings, facts)
    case "app mesh":
      return resolveAppMesh(settings, facts)
    case "service connect":
      return resolveServiceConnect(settings, facts)
  }
}

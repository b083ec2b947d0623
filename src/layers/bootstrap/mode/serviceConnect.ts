import { Result } from "effect"
import type { InvalidSetting } from "../../../services/Config.ts"
import type { Settings } from "../../../services/Settings.ts"
import { meshMember } from "./meshResource.ts"
import type { ModeFacts } from "./modeFacts.ts"
import type { ServiceConnectMode } from "./resolvedMode.ts"

/** Service Connect mode: plain gRPC over the unix socket of a relay. */
export const resolveServiceConnect = (
  settings: Settings,
  facts: ModeFacts
): Result.Result<ServiceConnectMode, ReadonlyArray<InvalidSetting>> =>
  Result.mapBoth(meshMember(settings, facts.region, { anyArn: true }), {
    onFailure: (problem) => [problem],
    onSuccess: (member) => ({
      _tag: "ServiceConnect" as const,
      ...member,
      endpoint: settings.APPMESH_XDS_ENDPOINT ?? ""
    })
  })

import { Effect } from "effect"
import { settingsTable } from "../../../services/Settings.ts"
import { folderOf, isWritableFolder } from "../pathAccess.ts"

const defaultPath = settingsTable.ENVOY_ADMIN_ACCESS_LOG_FILE.default
/** A name in /tmp that anybody can foresee, anybody can plant. */
const fallbackPath = "/dev/null"

/**
 * Where Envoy's admin writes its access log. Envoy exits if it cannot open it, and not every user may write to the folder of the
 * default: then there is no such log. A path of the user's own is used as it is.
 */
export const resolveAdminAccessLog = Effect.fnUntraced(function* (configured: string) {
  const folder = folderOf(configured)
  if (configured !== defaultPath || (yield* isWritableFolder(folder))) return { path: configured, warnings: [] }
  return {
    path: fallbackPath,
    warnings: [`${folder} cannot be written: Envoy's admin has no access log (ENVOY_ADMIN_ACCESS_LOG_FILE)`]
  }
})

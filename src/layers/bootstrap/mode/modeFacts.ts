import type { Option } from "effect"
import type { EnvoyVersion } from "../../../services/EnvoyBinary.ts"
import type { SettingName } from "../../../services/Settings.ts"

/** What a mode depends on besides the settings. */
export interface ModeFacts {
  readonly hostName: string
  /** None if Envoy's version is unknown. */
  readonly version: Option.Option<EnvoyVersion>
  /** `AWS_REGION`, else the region of the EC2 instance. */
  readonly region: string | undefined
  /** Whether a second Envoy signs the requests of App Mesh mode. */
  readonly usesLocalRelay: boolean
  /** Whether the user set a variable. */
  readonly isSet: (name: SettingName) => boolean
}

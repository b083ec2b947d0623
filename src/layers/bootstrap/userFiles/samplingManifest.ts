import { Effect, Result, Schema } from "effect"
import { UserFileError } from "../../../services/BootstrapProblem.ts"
import type { Settings } from "../../../services/Settings.ts"
import { readUserFile } from "./readUserFile.ts"

const Rate = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
const Target = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const Rule = Schema.Struct({
  host: Schema.String,
  http_method: Schema.String,
  url_path: Schema.String,
  fixed_target: Target,
  rate: Rate
})

/** X-Ray's local sampling rules, in the only version that Envoy reads. */
const Manifest = Schema.fromJsonString(
  Schema.Struct({
    version: Schema.Literal(2),
    default: Schema.Struct({ fixed_target: Target, rate: Rate }),
    rules: Schema.optionalKey(Schema.Array(Rule))
  })
)

const checkManifest = Effect.fnUntraced(function* (variable: "XRAY_SAMPLING_RULE_MANIFEST", path: string) {
  const decoded = Schema.decodeUnknownResult(Manifest)(yield* readUserFile(variable, path))
  if (Result.isSuccess(decoded)) return
  const reason = `is not an X-Ray sampling manifest: ${decoded.failure.message.replace(/\s*\n\s*/g, " ")}`
  return yield* new UserFileError({ variable, path, position: undefined, reason })
})

/**
 * What is wrong with the user's sampling manifest, if X-Ray tracing is on. Envoy itself would only log an error, and
 * sample at its default rate.
 */
export const samplingManifestProblems = ({
  ENABLE_ENVOY_XRAY_TRACING: isTracing,
  XRAY_SAMPLING_RULE_MANIFEST: path
}: Settings) =>
  path === undefined || !isTracing
    ? Effect.succeed([])
    : Effect.match(checkManifest("XRAY_SAMPLING_RULE_MANIFEST", path), {
        onFailure: (problem) => [problem],
        onSuccess: () => []
      })

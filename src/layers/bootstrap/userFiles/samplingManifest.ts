import { Result, Schema } from "effect"

const Rate = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
const Target = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const Rule = Schema.Struct({
  host: Schema.String,
  http_method: Schema.String,
  url_path: Schema.String,
  fixed_target: Target,
  rate: Rate
})

/** X-Ray's local sampling rules, of the one version that Envoy reads. */
const Manifest = Schema.fromJsonString(
  Schema.Struct({
    version: Schema.Literal(2),
    default: Schema.Struct({ fixed_target: Target, rate: Rate }),
    rules: Schema.optionalKey(Schema.Array(Rule))
  })
)

/** Why Envoy would not take this manifest, in one line; undefined if it would. */
export const problemOfManifest = (text: string): string | undefined => {
  const read = Schema.decodeUnknownResult(Manifest)(text)
  return Result.isFailure(read) ? read.failure.message.replace(/\s*\n\s*/g, " ") : undefined
}

import * as zlib from "node:zlib"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Data, type Stream } from "effect"

/** The compressor failed in the middle of a body. */
export class GzipFailed extends Data.TaggedError("GzipFailed")<{ readonly cause: unknown }> {
  override get message() {
    return `gzip: ${this.cause instanceof Error ? this.cause.message : this.cause}`
  }
}

/** Fast and still effective: stats repeat the same words. */
const compressionLevel = 1

/** The gzip form of a body, compressed as it is read. */
export const gzip = <E>(body: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E | GzipFailed> =>
  NodeStream.pipeThroughDuplex(body, {
    evaluate: () => zlib.createGzip({ level: compressionLevel }),
    onError: (cause) => new GzipFailed({ cause })
  })

/** Whether an Accept-Encoding header accepts gzip: by name or `*`, with a weight above 0. */
export const acceptsGzip = (acceptEncoding: string | undefined): boolean =>
  (acceptEncoding ?? "").split(",").some((part) => {
    const [coding = "", ...parameters] = part.split(";").map((word) => word.trim().toLowerCase())
    return (coding === "gzip" || coding === "*") && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })

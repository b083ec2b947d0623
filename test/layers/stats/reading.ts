import { Schema } from "effect"
import type { Dictionary } from "../../../src/layers/stats/dictionary.ts"
import type { Snapshot } from "../../../src/layers/stats/snapshot.ts"
import { makeSnapshotReader } from "../../../src/layers/stats/snapshotReader.ts"
import { partsOf } from "./generate.ts"

/** Lengths of the parts in which a text arrives. */
export const Sizes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))).check(
  Schema.isMaxLength(5)
)

export const textOfPieces = (pieces: Iterable<Uint8Array>) =>
  Buffer.concat([...pieces].map((piece) => Uint8Array.from(piece))).toString()

/** The snapshot of a text that arrives in parts of these lengths. */
export const snapshotOf = (text: string, dictionary: Dictionary, sizes: ReadonlyArray<number> = [7]): Snapshot => {
  const reader = makeSnapshotReader(dictionary)
  for (const part of partsOf(text, sizes)) reader.push(part)
  return reader.end()
}

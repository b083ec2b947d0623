import { editDistance } from "../config/nearestName.ts"

/** A beginning of a name from this length on stands for the name. */
const shortestBeginning = 3

const steps = (word: string, name: string): number =>
  word.length >= shortestBeginning && name.startsWith(word)
    ? Math.min(1, name.length - word.length)
    : editDistance(word, name)

const isClose = (distance: number, name: string) => distance <= Math.max(1, Math.floor(name.length / 3))

/**
 * The known names that a mistyped word most likely means: those with the fewest letters changed, at most a third of the
 * name, in the order of `known`. Empty where none is close. Case is ignored.
 */
export const similarNames = (word: string, known: ReadonlyArray<string>): ReadonlyArray<string> => {
  const close = known
    .map((name) => ({ name, distance: steps(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance, name }) => isClose(distance, name))
  const smallest = Math.min(...close.map(({ distance }) => distance))
  return close.filter(({ distance }) => distance === smallest).map(({ name }) => name)
}

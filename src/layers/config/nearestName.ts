/**
 * Levenshtein distance: the number of single-character insertions, deletions and replacements from one text to another.
 */
const editDistance = (a: string, b: string): number => {
  let previousRow = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replacement = (previousRow[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replacement, (previousRow[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previousRow = row
  }
  return previousRow[b.length] ?? 0
}

/** The known name with the smallest edit distance to a name; the first if there are several. */
export const nearestName = (name: string, knownNames: ReadonlyArray<string>): string =>
  knownNames.reduce(
    (nearest, candidate) => {
      const distance = editDistance(name, candidate)
      return distance < nearest.distance ? { candidate, distance } : nearest
    },
    { candidate: "", distance: Number.POSITIVE_INFINITY }
  ).candidate

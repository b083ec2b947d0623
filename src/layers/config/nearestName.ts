/** Levenshtein distance: single-letter insertions, deletions and replacements between two texts. */
const distance = (a: string, b: string): number => {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const line = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      line.push(Math.min(replaced, (above[j] ?? 0) + 1, (line[j - 1] ?? 0) + 1))
    }
    above = line
  }
  return above[b.length] ?? 0
}

/** The known name that needs the fewest letters changed. */
export const nearestName = (name: string, known: ReadonlyArray<string>): string =>
  known.reduce(
    (best, candidate) => {
      const steps = distance(name, candidate)
      return steps < best.steps ? { candidate, steps } : best
    },
    { candidate: "", steps: Number.POSITIVE_INFINITY }
  ).candidate

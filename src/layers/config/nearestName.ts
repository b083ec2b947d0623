/** Single-letter insertions, deletions, replacements and swaps of neighbouring letters between two texts. */
export const editDistance = (a: string, b: string): number => {
  let beforeAbove: ReadonlyArray<number> = []
  let above: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const line = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? (beforeAbove[j - 2] ?? 0) + 1 : replaced
      line.push(Math.min(replaced, swapped, (above[j] ?? 0) + 1, (line[j - 1] ?? 0) + 1))
    }
    beforeAbove = above
    above = line
  }
  return above[b.length] ?? 0
}

/** The known name that needs the fewest letters changed. */
export const nearestName = (name: string, known: ReadonlyArray<string>): string =>
  known.reduce(
    (best, candidate) => {
      const steps = editDistance(name, candidate)
      return steps < best.steps ? { candidate, steps } : best
    },
    { candidate: "", steps: Number.POSITIVE_INFINITY }
  ).candidate

/** Joins as many parts as fit into a terminal of this width. The first is cut where it does not fit. */
export const fitParts = (parts: ReadonlyArray<string>, columns: number): string => {
  // Some terminals wrap as soon as the last column is written.
  const width = Math.max(columns - 1, 0)
  let line = ""
  for (const part of parts) {
    const longer = line === "" ? part : `${line}, ${part}`
    if (longer.length > width) break
    line = longer
  }
  return line === "" ? (parts[0] ?? "").slice(0, width) : line
}

const newline = 10

/**
 * How many bytes of `lines` a file may take that has `size` bytes already: as many whole lines as keep it within `limit`.
 * 0: the file is rotated first. A line that is longer than the limit gets a file of its own.
 */
export const fitting = (lines: Uint8Array, size: number, limit: number): number => {
  const room = limit - size
  if (lines.length <= room) return lines.length
  const whole = room > 0 ? lines.lastIndexOf(newline, room - 1) + 1 : 0
  if (whole > 0 || size > 0) return whole
  return lines.indexOf(newline) + 1 || lines.length
}

/** When a file of this folder was rotated, in epoch milliseconds; undefined: it is not one of this log's. */
const rotatedAt = (file: string, name: string): number | undefined => {
  const [, millis] = file.startsWith(`${name}.`) ? (/^(\d{13,15})$/.exec(file.slice(name.length + 1)) ?? []) : []
  return millis === undefined ? undefined : Number(millis)
}

/** The rotated files of the log `name` that are to be removed, so that the `kept` newest remain. */
export const outdated = (files: ReadonlyArray<string>, name: string, kept: number): ReadonlyArray<string> => {
  const rotated = files.flatMap((file) => {
    const at = rotatedAt(file, name)
    return at === undefined ? [] : [{ file, at }]
  })
  return rotated
    .toSorted((one, other) => one.at - other.at)
    .slice(0, Math.max(0, rotated.length - kept))
    .map(({ file }) => file)
}

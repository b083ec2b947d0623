const newline = 10

/**
 * How many bytes of `lines` may be appended to a file of `size` bytes: as many whole lines as keep it within
 * `maxBytes`. 0 means that the file must be rotated first. A line longer than `maxBytes` goes into an empty file.
 */
export const bytesThatFit = (lines: Uint8Array, size: number, maxBytes: number): number => {
  const free = maxBytes - size
  if (lines.length <= free) return lines.length
  const wholeLines = free > 0 ? lines.lastIndexOf(newline, free - 1) + 1 : 0
  if (wholeLines > 0 || size > 0) return wholeLines
  return lines.indexOf(newline) + 1 || lines.length
}

/** The first number of 13 digits. A clock that starts at 1970 would give shorter ones, which other programs count with. */
const firstNumber = 1_000_000_000_000

/**
 * The number in the name of the next rotated file: the time, unless the newest one has as high a number already, since the
 * clock went back. 0 where there is none.
 */
export const nextNumber = (millis: number, newest: number): number => Math.max(millis, firstNumber, newest + 1)

/** Of a time that was set, the part that a file system may lose: libuv passes on whole microseconds. */
const timeError = 0.01
const second = 1000

/**
 * Whether the agent has rotated this file: it then has set the time in the name as time of modification. Some file systems
 * keep whole seconds of it.
 */
export const isMarked = (number: number, modifiedMillis: number): boolean =>
  Math.abs(modifiedMillis - number) < timeError || modifiedMillis === Math.floor(number / second) * second

/** When a file was rotated, in epoch milliseconds; undefined if the agent cannot have named it. */
export const rotationTime = (file: string, logName: string): number | undefined => {
  const [, millis] = file.startsWith(`${logName}.`) ? (/^(\d{13,15})$/.exec(file.slice(logName.length + 1)) ?? []) : []
  return millis === undefined ? undefined : Number(millis)
}

/** The rotated files of a log that exceed `retentionCount`, oldest first. `files` are the names in its folder. */
export const filesToRemove = (
  files: ReadonlyArray<string>,
  logName: string,
  retentionCount: number
): ReadonlyArray<string> => {
  const rotated = files.flatMap((file) => {
    const time = rotationTime(file, logName)
    return time === undefined ? [] : [{ file, time }]
  })
  return rotated
    .toSorted((one, other) => one.time - other.time)
    .slice(0, Math.max(0, rotated.length - retentionCount))
    .map(({ file }) => file)
}

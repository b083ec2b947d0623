import { Effect } from "effect"
import { type Disk, DiskError } from "../../../src/layers/logs/disk.ts"

export const noSpace = new DiskError({ code: "ENOSPC", message: "ENOSPC: no space left on device" })
const missing = new DiskError({ code: "ENOENT", message: "ENOENT: no such file or directory" })

interface MemoryFile {
  inode: number
  bytes: Buffer
  owner: number
  modifiedMillis: number
}

export interface MemoryDisk extends Disk {
  readonly files: Map<string, MemoryFile>
  /** How many bytes all files together may have. */
  capacity: number
  hasFolder: boolean
  /** The smallest difference of two times, in milliseconds. */
  timeStep: number
}

/** A disk in memory, with one folder. */
export const memoryDisk = (): MemoryDisk => {
  const files = new Map<string, MemoryFile>()
  const open = new Map<number, MemoryFile>()
  let last = 0
  const statOf = ({ bytes, inode, modifiedMillis, owner }: MemoryFile) => ({
    device: 1,
    inode,
    size: bytes.length,
    isFile: true,
    owner,
    modifiedMillis
  })
  const used = () => [...files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0)
  const disk: MemoryDisk = {
    files,
    capacity: Number.POSITIVE_INFINITY,
    hasFolder: true,
    timeStep: 0.000_001,
    stat: (path) =>
      Effect.sync(() => {
        const file = files.get(path)
        return file && statOf(file)
      }),
    open: (path) =>
      Effect.suspend(() => {
        if (!disk.hasFolder) return Effect.fail(missing)
        last += 1
        const file = files.get(path) ?? { inode: last, bytes: Buffer.of(), owner: 1, modifiedMillis: 0 }
        files.set(path, file)
        open.set(last, file)
        const { bytes } = file
        return Effect.succeed({
          ...statOf(file),
          descriptor: last,
          endsInPartialLine: bytes.length > 0 && bytes.at(-1) !== 10
        })
      }),
    append: ({ descriptor }, bytes) =>
      Effect.sync(() => {
        const file = open.get(descriptor)
        if (file === undefined) return { written: 0, error: missing }
        const written = Math.max(0, Math.min(bytes.length, disk.capacity - used()))
        file.bytes = Buffer.concat([file.bytes, bytes.subarray(0, written)])
        return { written, error: written < bytes.length ? noSpace : undefined }
      }),
    truncate: ({ descriptor }, size) =>
      Effect.sync(() => {
        const file = open.get(descriptor)
        if (file !== undefined) file.bytes = file.bytes.subarray(0, size)
      }),
    isRemoved: ({ descriptor }) =>
      Effect.sync(() => {
        const file = open.get(descriptor)
        return ![...files.values()].some((other) => other === file)
      }),
    setModified: ({ descriptor }, millis) =>
      Effect.sync(() => {
        const file = open.get(descriptor)
        if (file !== undefined) file.modifiedMillis = Math.floor(millis / disk.timeStep) * disk.timeStep
      }),
    close: ({ descriptor }) => Effect.sync(() => void open.delete(descriptor)),
    rename: (from, to) =>
      Effect.suspend(() => {
        const file = files.get(from)
        if (file === undefined) return Effect.fail(missing)
        files.delete(from)
        files.set(to, file)
        return Effect.void
      }),
    list: (folder) =>
      Effect.sync(() =>
        [...files.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1))
      ),
    remove: (path) => Effect.sync(() => void files.delete(path)),
    freeBytes: () => Effect.sync(() => disk.capacity - used())
  }
  return disk
}

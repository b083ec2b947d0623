import * as fs from "node:fs"
import { dirname } from "node:path"
import { type FileIdentity, identityOf, removeOwn } from "./fileIdentity.ts"

/** Makes a folder that no other user can enter, beside a path: what is made in it can be moved to the path in one step. */
export const makeFolderBeside = (path: string): string => fs.mkdtempSync(`${dirname(path)}/.appnet-`)

/** A private file (mode 0600) that appears at its path as a whole. A file or link that is there is replaced, never followed. */
const writeWhole = (path: string, content: string): FileIdentity | undefined => {
  const folder = makeFolderBeside(path)
  try {
    fs.writeFileSync(`${folder}/file`, content, { flag: "wx", mode: 0o600 })
    fs.renameSync(`${folder}/file`, path)
    return identityOf(path)
  } finally {
    fs.rmSync(folder, { force: true, recursive: true })
  }
}

/** Whether another process of this user has written just this file. What could block or mislead is not read. */
const isWritten = (path: string, content: string): boolean => {
  const status = fs.lstatSync(path, { throwIfNoEntry: false })
  const isOfThisUser = status?.isFile() === true && status.uid === process.getuid?.() && (status.mode & 0o777) === 0o600
  return isOfThisUser && status.size === Buffer.byteLength(content) && fs.readFileSync(path, "utf8") === content
}

/** A file that this agent makes. All of it throws what the file system says. */
export interface OwnFile {
  /** Writes it, unless it is there: then it is left as it is, and not taken over from the process that made it. */
  readonly ensure: (path: string, content: string) => void
  /** Removes it if it was made here, and nobody has put another file in its place. */
  readonly remove: () => void
}

export const makeOwnFile = (): OwnFile => {
  let written: { readonly path: string; readonly identity: FileIdentity | undefined } | undefined
  return {
    ensure: (path, content) => {
      const isOwn = written?.path === path && written.identity !== undefined && identityOf(path) === written.identity
      if (!isOwn && !isWritten(path, content)) written = { path, identity: writeWhole(path, content) }
    },
    remove: () => {
      if (written !== undefined) removeOwn(written.path, written.identity)
      written = undefined
    }
  }
}

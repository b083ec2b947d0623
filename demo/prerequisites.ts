// What a run needs before anything is started: Envoy, the built agent, and a folder.
import { execFile, spawn } from "node:child_process"
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { DemoError, messageOf } from "./DemoError.ts"

export const root = fileURLToPath(new URL("../", import.meta.url))
export const agentFile = `${root}dist/agent.mjs`

/** Makes a private folder that is removed when this process exits. */
export const makeRunFolder = (): string => {
  try {
    const folder = mkdtempSync(`${tmpdir()}/appnet-demo-`)
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
    return folder
  } catch (error) {
    throw new DemoError(
      `No folder can be made in ${tmpdir()}: ${messageOf(error)}\n` +
        "Set TMPDIR to a folder that exists and that this user may write to."
    )
  }
}

/** The path of Envoy. The script that looks for it reports its progress and problems on stderr. */
export const findEnvoy = async (): Promise<string> => {
  const search = promisify(execFile)("sh", [`${root}scripts/envoy.sh`])
  search.child.stderr?.pipe(process.stderr, { end: false })
  try {
    return (await search).stdout.trim()
  } catch {
    throw new DemoError("There is no Envoy to run.")
  }
}

const newestIn = (folder: string): number =>
  Math.max(...readdirSync(folder, { recursive: true }).map((name) => statSync(`${folder}/${name}`).mtimeMs))

const isWritable = (folder: string) => {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Runs the build in a process group of its own: Ctrl-C would end it with temporary files and processes left behind. */
const build = (folder: string) =>
  new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, [`${root}scripts/build.ts`], {
      detached: true,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, TMPDIR: folder }
    })
    child.once("error", reject)
    child.once("exit", (code, signal) => {
      if (code === 0) resolve()
      else
        reject(new DemoError(`The agent could not be built: scripts/build.ts ended with ${signal ?? `code ${code}`}`))
    })
  })

/** Builds the agent if its sources are newer, with temporary files in `folder`. May return a notice for the user. */
export const buildAgent = async (folder: string): Promise<string | undefined> => {
  const isBuilt = existsSync(agentFile)
  if (isBuilt && newestIn(`${root}src`) <= statSync(agentFile).mtimeMs) return undefined
  const target = existsSync(`${root}dist`) ? `${root}dist` : root
  if (isWritable(target)) {
    await build(folder)
    return undefined
  }
  if (isBuilt) return `${agentFile} is older than src/, and this user may not write it: the demo runs it as it is.`
  throw new DemoError(
    `The agent is not built, and this user may not write to ${target}: run npm run build as its owner`
  )
}

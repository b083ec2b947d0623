// The npm package.
import { execFileSync } from "node:child_process"
import {
  accessSync,
  constants,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { describe, expect, it } from "vitest"
import { parse } from "yaml"
import { agentEnvironment, privateFolder, root } from "../e2e/agent.ts"
import { shows } from "../shows.ts"

/** Packs a copy of this repository that is not built, and unpacks it elsewhere. */
const packAndUnpack = () => {
  const folder = privateFolder()
  const tree = `${folder}/tree`
  mkdirSync(tree)
  const { files }: { readonly files: ReadonlyArray<string> } = JSON.parse(readFileSync(`${root}package.json`, "utf8"))
  const sources = ["package.json", "README.md", "LICENSE", "scripts", "src", "resources", ...files]
  for (const name of sources.filter((name) => name !== "dist"))
    cpSync(`${root}${name}`, `${tree}/${name}`, { recursive: true })
  symlinkSync(`${root}node_modules`, `${tree}/node_modules`)
  // It would replace these packages if they were not from this lock file.
  writeFileSync(`${tree}/scripts/setup.sh`, "")
  const environment = { PATH: process.env.PATH, HOME: folder, npm_config_cache: `${folder}/cache` }
  execFileSync("npm", ["pack", "--pack-destination", folder], { cwd: tree, env: environment, stdio: "pipe" })
  const [tarball = ""] = readdirSync(folder).filter((name) => name.endsWith(".tgz"))
  execFileSync("tar", ["-xzf", tarball], { cwd: folder })
  return { folder, environment, tarball: `${folder}/${tarball}`, unpacked: `${folder}/package` }
}

describe("npm pack", () => {
  it("builds, and makes a package that runs where it is unpacked, without other packages", async () => {
    shows("npm-package")
    const { environment, folder, tarball, unpacked } = packAndUnpack()
    const manifest = JSON.parse(readFileSync(`${unpacked}/package.json`, "utf8"))
    for (const kind of ["dependencies", "optionalDependencies", "peerDependencies", "bundleDependencies"])
      expect(manifest[kind], kind).toBeUndefined()
    expect(readdirSync(unpacked).sort()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "dist",
      "docs",
      "package.json"
    ])
    const agent = `${unpacked}/${manifest.bin["appnet-agent"]}`
    accessSync(agent, constants.X_OK)

    const settings = {
      ...(await agentEnvironment(folder)),
      APPNET_XDS_MODE: "grpc",
      APPMESH_XDS_ENDPOINT: "127.0.0.1:1"
    }
    const run = (...words: ReadonlyArray<string>) =>
      execFileSync(process.execPath, words, { cwd: folder, env: settings, encoding: "utf8" })
    expect(run(agent, "--version")).toContain(manifest.version)
    expect(parse(run(agent, "bootstrap"))).toMatchObject({ admin: {}, dynamicResources: { adsConfig: {} } })

    const prefix = `${folder}/installed`
    execFileSync("npm", ["install", "--offline", "--prefix", prefix, tarball], { env: environment, stdio: "pipe" })
    expect(readdirSync(`${prefix}/node_modules`).filter((name) => !name.startsWith("."))).toEqual(["appnet-agent"])
    expect(run(`${prefix}/node_modules/.bin/appnet-agent`, "--version")).toContain(manifest.version)
  }, 60_000)
})

// Writes the folder dist/: `agent.mjs`, and beside it each program that it may load, as text (`run.cjs`) and as V8 has
// compiled it (`run.v8`). A start loads the one program that it needs.
import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { type BuildOptions, build, type Plugin } from "esbuild"
import { effectModules } from "./effectModules.ts"
import { lateModules } from "./lateModules.ts"
import { yamlForEsbuild } from "./yaml-modules.ts"

const path = (relative: string) => fileURLToPath(new URL(`../${relative}`, import.meta.url))

/** Parts of the platform package that the agent never uses: WebSockets, a second HTTP client, and a client's upgrades. */
const leftOut: Plugin = {
  name: "left-out",
  setup(build) {
    build.onResolve({ filter: /^(ws|undici)$/ }, ({ path }) => ({ path, namespace: "none", sideEffects: false }))
    // It is imported late. Within one bundle, esbuild then keeps whole each module that it needs, all of Effect among them.
    build.onResolve({ filter: /\/upgrade\.(js|ts)$/ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path, namespace: "none", sideEffects: false } : undefined
    )
    build.onLoad({ filter: /.*/, namespace: "none" }, () => ({
      contents: "module.exports = { WebSocket: class {}, WebSocketServer: class { close(done) { done?.() } } }",
      loader: "js"
    }))
  }
}

const common: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node22",
  minify: true,
  charset: "ascii",
  legalComments: "none",
  logLevel: "warning"
}
const plugins = [effectModules(path("src/")), lateModules, leftOut, yamlForEsbuild]

const bundle = async (options: BuildOptions): Promise<string> => {
  const { outputFiles } = await build({ ...common, plugins, ...options, write: false })
  return outputFiles[0]?.text ?? ""
}

/** Modules that are imported late: the file of dist/ in which each is bundled with all that it needs, and its export. */
const lateParts = {
  entrypoint: { name: "run", source: "src/programs/entrypoint.ts", exported: "startAgent" },
  cli: { name: "cli", source: "src/programs/cli.ts", exported: "startCommand" },
  openapi: { name: "openapi", source: "src/layers/management/server/openapi.ts", exported: "openApi" }
} as const
type LatePart = keyof typeof lateParts
/** Those of which V8's compiled form is kept as well: the others are loaded too seldom. */
const programs: ReadonlyArray<LatePart> = ["entrypoint", "cli"]
const parts: ReadonlyArray<LatePart> = [...programs, "openapi"]

/** What such an import evaluates to. V8 takes the compiled form if it is the one that compiled it, else the text. */
const loaderOf = (part: LatePart, ownFile: string) => `
  const { readFileSync } = process.getBuiltinModule("node:fs")
  const { Script } = process.getBuiltinModule("node:vm")
  const file = ${ownFile}.replace(/[^/]*$/, ${JSON.stringify(`${lateParts[part].name}.cjs`)})
  const read = (path) => {
    try { return readFileSync(path) } catch { return undefined }
  }
  const script = new Script(readFileSync(file, "latin1"), { filename: file, cachedData: read(file.replace(/cjs$/, "v8")) })
  const part = { exports: {} }
  script.runInThisContext()(part, part.exports, file)
  export const { ${lateParts[part].exported} } = part.exports
`

/**
 * Bundles each late part by itself. Within one bundle, esbuild would have to keep whole modules for it, all of Effect among
 * them, and a start would evaluate them.
 */
const partsInFiles = (ownFile: "import.meta.filename" | "__filename"): Plugin => ({
  name: "parts-in-files",
  setup(build) {
    for (const part of parts) {
      build.onResolve({ filter: new RegExp(`^\\./${part}\\.ts$`) }, ({ kind }) =>
        kind === "dynamic-import" ? { path: part, namespace: "late-part" } : undefined
      )
      build.onLoad({ filter: new RegExp(`^${part}$`), namespace: "late-part" }, () => ({
        contents: loaderOf(part, ownFile),
        loader: "js"
      }))
    }
  }
})

/** Settings for a start that uses no file or socket outside of a folder, nor a real Envoy. */
const startIn = (folder: string) => {
  writeFileSync(`${folder}/envoy`, '#!/bin/sh\n[ "$1" = --version ] || exec sleep 10\n', { mode: 0o755 })
  return {
    PATH: process.env.PATH,
    APPNET_ENVOY_PATH: `${folder}/envoy`,
    APPNET_RUN_DIR: folder,
    APPNET_AGENT_ADMIN_MODE: "uds",
    APPNET_AGENT_ADMIN_UDS_PATH: `${folder}/api.sock`,
    ENVOY_ADMIN_MODE: "uds",
    APPNET_ENVOY_ADMIN_UDS_PATH: `${folder}/admin.sock`,
    APPMESH_XDS_ENDPOINT: `unix://${folder}/xds.sock`,
    APPMESH_RESOURCE_ARN: "task-set/cluster/service/build"
  }
}

const { engines } = JSON.parse(readFileSync(path("package.json"), "utf8"))
const [major, minor] = `${engines.node}`.match(/\d+/g) ?? []
/** Runs before all else: an older Node would fail somewhere inside, with a message that helps nobody. */
const nodeCheck = `{
  const [major, minor] = process.versions.node.split(".").map(Number)
  if (major < ${major} || (major === ${major} && minor < ${minor})) {
    console.error("appnet-agent needs Node ${engines.node}, and this is " + process.version)
    process.exit(1)
  }
}`
/** No signal may open Node's debugger: every process on this network could then take the agent over. */
const interpreter = "#!/usr/bin/env -S node --disable-sigusr1"
/** The first statement of all, for an agent that is started by `node` without that option. */
const debuggerStaysClosed = 'process.on("SIGUSR1", () => {})'

const dist = path("dist")
mkdirSync(dist, { recursive: true })
// Agents of this folder may be running, and other builds under way: each file is replaced whole, by a rename.
const work = mkdtempSync(`${dist}/.build-`)
const scratch = mkdtempSync(`${tmpdir()}/appnet-agent-build-`)
try {
  const written: Array<string> = []
  const write = (name: string, text: string, mode = 0o644) => {
    writeFileSync(`${work}/${name}`, text)
    chmodSync(`${work}/${name}`, mode)
    written.push(name)
  }
  for (const part of parts) {
    const { name, source } = lateParts[part]
    const text = await bundle({
      entryPoints: [path(source)],
      format: "cjs",
      plugins: [partsInFiles("__filename"), ...plugins]
    })
    write(`${name}.cjs`, `(function(module,exports,__filename){${text}\n})`)
    if (!programs.includes(part)) continue
    const words = [path("scripts/codeCache.ts"), `${work}/${name}.cjs`, `${work}/${name}.v8`]
    execFileSync(process.execPath, words, { env: startIn(scratch), stdio: "pipe" })
    written.push(`${name}.v8`)
  }
  const main = await bundle({
    entryPoints: [path("src/programs/main.ts")],
    format: "esm",
    banner: { js: `${interpreter}\n${debuggerStaysClosed}\n${nodeCheck}` },
    plugins: [partsInFiles("import.meta.filename"), ...plugins]
  })
  write("agent.mjs", main, 0o755)
  for (const name of written) renameSync(`${work}/${name}`, `${dist}/${name}`)
} finally {
  rmSync(work, { recursive: true, force: true })
  rmSync(scratch, { recursive: true, force: true })
}

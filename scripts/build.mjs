// Writes dist/agent.mjs: the whole agent in one file. `main` is its code; the programs that main chooses from stand in
// it as text, so that a start compiles the one that it needs, and none of the others.
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { chmod, mkdir, rename, writeFile } from "node:fs/promises"
import { builtinModules } from "node:module"
import { tmpdir } from "node:os"
import { constants, zstdCompressSync } from "node:zlib"
import { build } from "esbuild"
import { yamlForEsbuild } from "./yaml-modules.ts"

const path = (relative) => new URL(`../${relative}`, import.meta.url).pathname

/** Node's modules by `process.getBuiltinModule`, when first used: an import would load each at the start. */
const lateBuiltins = {
  name: "late-builtins",
  setup(build) {
    const names = builtinModules.filter((name) => !name.startsWith("_")).join("|")
    build.onResolve({ filter: new RegExp(`^(node:)?(${names})$`) }, ({ path }) => ({
      path: path.replace(/^(node:)?/, "node:"),
      namespace: "builtin",
      sideEffects: false
    }))
    build.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
      loader: "js"
    }))
  }
}

/** What the platform package brings along and the agent never uses: WebSockets, and a second HTTP client. */
const leftOut = {
  name: "left-out",
  setup(build) {
    build.onResolve({ filter: /^(ws|undici)$/ }, ({ path }) => ({ path, namespace: "none", sideEffects: false }))
    build.onLoad({ filter: /.*/, namespace: "none" }, () => ({
      contents: "module.exports = { WebSocket: class {}, WebSocketServer: class { close(done) { done?.() } } }",
      loader: "js"
    }))
  }
}

const common = {
  bundle: true,
  write: false,
  platform: "node",
  target: "node22",
  minify: true,
  legalComments: "none",
  plugins: [lateBuiltins, leftOut, yamlForEsbuild],
  logLevel: "warning"
}

const textOf = async (options) => (await build({ ...common, ...options })).outputFiles[0].text

/**
 * V8's own compiled form of a program, with all that its start has used: it halves the time to load. Another version
 * of V8 passes it over and compiles the text.
 */
const codeCache = (source, filename) => {
  const folder = mkdtempSync(`${tmpdir()}/appnet-agent-build-`)
  try {
    writeFileSync(`${folder}/source.js`, source)
    writeFileSync(`${folder}/envoy`, '#!/bin/sh\n[ "$1" = --version ] || exec sleep 10\n', { mode: 0o755 })
    const env = {
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
    const words = [path("scripts/code-cache.mjs"), `${folder}/source.js`, filename, `${folder}/cache`]
    execFileSync(process.execPath, words, { env, stdio: "ignore" })
    return readFileSync(`${folder}/cache`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Bytes that stand behind the code as comments, where they cost nothing to those who do not read them. */
const tail = []

/** Packs bytes into the tail; answers the arguments by which `unpack` finds them, counted from the file's end. */
const pack = (bytes) => {
  const short = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 19 } }).toString("base64")
  tail.unshift(`//${short}\n`)
  return [tail.join("").length - 2, short.length, bytes.length]
}

/** A program of its own that main imports late, as text that is compiled when it is asked for. */
const programs = {
  name: "programs",
  setup(build) {
    build.onResolve({ filter: /^\.\/(entrypoint|cli)\.ts$/ }, ({ kind, resolveDir, path: name }) =>
      kind === "dynamic-import" ? { path: `${resolveDir}/${name}`, namespace: "program" } : undefined
    )
    build.onLoad({ filter: /.*/, namespace: "program" }, async ({ path: file }) => {
      const text = await textOf({ entryPoints: [file], format: "cjs" })
      const source = `(function(module,exports,__filename){${text}\n})`
      const filename = `agent.mjs/${file.replace(/^.*\/|\.ts$/g, "")}`
      return {
        contents: `
          const { closeSync, fstatSync, openSync, readSync } = process.getBuiltinModule("node:fs")
          const { Script } = process.getBuiltinModule("node:vm")
          const { zstdDecompressSync } = process.getBuiltinModule("node:zlib")
          const load = () => {
            const file = openSync(import.meta.filename, "r")
            const { size } = fstatSync(file)
            const unpack = (fromEnd, length, chunkSize) => {
              const packed = Buffer.allocUnsafe(length)
              readSync(file, packed, 0, length, size - fromEnd)
              return zstdDecompressSync(Buffer.from(packed.latin1Slice(), "base64"), { chunkSize })
            }
            const source = unpack(${pack(Buffer.from(source, "latin1"))}).latin1Slice()
            const cachedData = unpack(${pack(codeCache(source, filename))})
            closeSync(file)
            const script = new Script(source, { filename: ${JSON.stringify(filename)}, cachedData })
            const module = { exports: {} }
            script.runInThisContext()(module, module.exports, import.meta.filename)
            return module.exports
          }
          export const { startAgent, startCommand } = load()
        `,
        loader: "js"
      }
    })
  }
}

const { engines } = JSON.parse(readFileSync(path("package.json"), "utf8"))
const [major, minor] = engines.node.match(/\d+/g)
/** Runs before all else: an older Node would end somewhere in the middle, with a message about the agent's inside. */
const nodeCheck = `{
  const [major, minor] = process.versions.node.split(".").map(Number)
  if (major < ${major} || (major === ${major} && minor < ${minor})) {
    console.error("appnet-agent needs Node ${engines.node}, and this is " + process.version)
    process.exit(1)
  }
}`

const code = await textOf({
  entryPoints: [path("src/programs/main.ts")],
  format: "esm",
  banner: { js: `#!/usr/bin/env node\n${nodeCheck}` },
  plugins: [programs, ...common.plugins]
})
const target = path("dist/agent.mjs")
const temporary = `${target}.${process.pid}`
await mkdir(path("dist"), { recursive: true })
await writeFile(temporary, `${code}${tail.join("")}`)
await chmod(temporary, 0o755)
await rename(temporary, target)

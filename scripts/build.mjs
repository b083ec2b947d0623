// Writes dist/agent.mjs: the whole agent in one file. What a command loads late stays late inside it.
import { chmod, mkdir, rename } from "node:fs/promises"
import { builtinModules } from "node:module"
import { build } from "esbuild"

/** Node's modules by `process.getBuiltinModule`, when first used: an ESM import would load each at the start. */
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

/** The agent serves no WebSocket, which the platform package would bring along. */
const noWebSocket = {
  name: "no-websocket",
  setup(build) {
    build.onResolve({ filter: /^ws$/ }, () => ({ path: "ws", namespace: "none", sideEffects: false }))
    build.onLoad({ filter: /.*/, namespace: "none" }, () => ({
      contents: "export class WebSocket {}\nexport class WebSocketServer { close(done) { done?.() } }\n",
      loader: "js"
    }))
  }
}

const target = new URL("../dist/agent.mjs", import.meta.url).pathname
await mkdir(new URL("../dist/", import.meta.url), { recursive: true })
const temporary = `${target}.${process.pid}`
await build({
  entryPoints: [new URL("../src/programs/main.ts", import.meta.url).pathname],
  outfile: temporary,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22",
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  legalComments: "none",
  banner: { js: "#!/usr/bin/env node" },
  external: ["undici"],
  plugins: [lateBuiltins, noWebSocket],
  logLevel: "warning"
})
await chmod(temporary, 0o755)
await rename(temporary, target)

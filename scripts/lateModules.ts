// The build plug-in by which Node's modules are loaded late. Source files import them at the top, as usual; in the built
// agent, such a module is loaded when one of its members is first used. So a start loads no `node:https`, `node:tls` or
// `node:crypto` unless it needs them.
import { builtinModules } from "node:module"
import { dirname } from "node:path"
import type { Plugin } from "esbuild"

/** For `require`, which may want the module itself, since some are functions. */
const itself = (specifier: string) => `module.exports = process.getBuiltinModule(${JSON.stringify(specifier)})`

/**
 * For `import`. esbuild copies the own properties of such a module, and looks up all others by its prototype. There are no own
 * ones here, so nothing is copied for each importing file, and the prototype loads the module at the first look.
 */
const lateFacade = (specifier: string) => `
  let loaded
  const prototype = new Proxy({}, {
    get: (_, name) => (loaded ??= process.getBuiltinModule(${JSON.stringify(specifier)}))[name]
  })
  module.exports = Object.create(prototype)
`

export const lateModules: Plugin = {
  name: "late-modules",
  setup(build) {
    const names = builtinModules.filter((name) => !name.startsWith("_")).map((name) => name.replace(/^node:/, ""))
    build.onResolve({ filter: new RegExp(`^(node:)?(${names.join("|")})$`) }, ({ kind, path }) => ({
      path: path.replace(/^(node:)?/, "node:"),
      namespace: kind === "require-call" ? "node-itself" : "node-late",
      sideEffects: false
    }))
    // The platform package requires these two by itself, at its start.
    build.onLoad({ filter: /platform-node\/dist\/internal\/http\.js$/ }, ({ path }) => ({
      contents: 'export * as http from "node:http"; export * as https from "node:https"',
      loader: "js",
      resolveDir: dirname(path)
    }))
    build.onLoad({ filter: /.*/, namespace: "node-itself" }, ({ path }) => ({ contents: itself(path), loader: "js" }))
    build.onLoad({ filter: /.*/, namespace: "node-late" }, ({ path }) => ({ contents: lateFacade(path), loader: "js" }))
  }
}

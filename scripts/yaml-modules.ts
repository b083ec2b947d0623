// Imports of YAML files: the module's default export is the file's content, parsed at build time. One plug-in for esbuild
// (the built agent), one for Vite (the tests), and the source text for yaml-hooks.ts (Node). `!value NAME` in a file becomes `{ "!value": NAME }`.
import { readFileSync } from "node:fs"
import type { Plugin as EsbuildPlugin } from "esbuild"
import type { Plugin as VitePlugin } from "vitest/config"
import { parse, type ScalarTag } from "yaml"

const value: ScalarTag = { tag: "!value", resolve: (name) => ({ "!value": name }) }

const jsonOf = (file: string) => JSON.stringify(parse(readFileSync(file, "utf8"), { customTags: [value] }))

/** The source of the module that stands for a YAML file. */
export const moduleOf = (file: string): string => `export default ${jsonOf(file)}`

export const yamlForEsbuild: EsbuildPlugin = {
  name: "yaml-modules",
  setup(build) {
    build.onLoad({ filter: /\.yaml$/ }, ({ path }) => ({ contents: jsonOf(path), loader: "json" }))
  }
}

export const yamlForVite: VitePlugin = {
  name: "yaml-modules",
  enforce: "pre",
  load(id) {
    return /\.yaml$/.test(id) ? moduleOf(id) : undefined
  }
}

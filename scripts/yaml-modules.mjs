// A YAML file that is imported is its content as data: for esbuild (the built agent) and for vite (the tests). Nothing of
// YAML is left at run time. `!value NAME` becomes `{ "!value": NAME }`.
import { readFileSync } from "node:fs"
import { parse } from "yaml"

const value = { tag: "!value", resolve: (name) => ({ "!value": name }) }

const contentOf = (file) => JSON.stringify(parse(readFileSync(file, "utf8"), { customTags: [value] }))

export const yamlForEsbuild = {
  name: "yaml-modules",
  setup(build) {
    build.onLoad({ filter: /\.yaml$/ }, ({ path }) => ({ contents: contentOf(path), loader: "json" }))
  }
}

export const yamlForVite = {
  name: "yaml-modules",
  enforce: "pre",
  load(id) {
    return /\.yaml$/.test(id) ? `export default ${contentOf(id)}` : undefined
  }
}

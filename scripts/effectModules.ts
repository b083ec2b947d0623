// The build plug-in by which only those parts of Effect's modules are bundled that the agent uses. Source files write
// `import { Effect, Layer } from "effect"`, of which esbuild keeps each named module whole; of
// `import * as Effect from "effect/Effect"` it keeps what is used.
import { readFile } from "node:fs/promises"
import type { Plugin } from "esbuild"

const importOfEffect = /^import (type )?\{([^}]*)\} from "effect"$/gm

const asNamespaces = (whole: string, isType: string | undefined, names: string): string =>
  isType === undefined
    ? names
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "" && !name.startsWith("type "))
        .map((name) => `import * as ${name} from "effect/${name}"`)
        .join("; ")
    : whole

export const effectModules = (sources: string): Plugin => ({
  name: "effect-modules",
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) =>
      path.startsWith(sources)
        ? { contents: (await readFile(path, "utf8")).replace(importOfEffect, asNamespaces), loader: "ts" }
        : undefined
    )
  }
})

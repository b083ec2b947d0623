// Lets Node import YAML files, so that the agent runs from its sources: `node --import ./scripts/yaml-hooks.ts FILE`.
import { registerHooks } from "node:module"
import { fileURLToPath } from "node:url"
import { moduleOf } from "./yaml-modules.ts"

registerHooks({
  load: (url, context, nextLoad) =>
    url.endsWith(".yaml")
      ? { format: "module", source: moduleOf(fileURLToPath(url)), shortCircuit: true }
      : nextLoad(url, context)
})

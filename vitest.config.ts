import { defineConfig } from "vitest/config"
import { yamlForVite } from "./scripts/yaml-modules.mjs"

export default defineConfig({
  plugins: [yamlForVite],
  test: {
    include: ["test/**/*.test.ts"],
    // The machine of a check may have two cores, and each end-to-end test starts an Envoy.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000
  }
})

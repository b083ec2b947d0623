import { defineConfig } from "vitest/config"
import { yamlForVite } from "./scripts/yaml-modules.ts"

export default defineConfig({
  plugins: [yamlForVite],
  test: {
    include: ["test/**/*.test.ts"],
    // These need root and Debian packages: vitest.image.config.ts.
    exclude: ["test/image/**"],
    // A CI machine may have two cores, and each end-to-end test starts an Envoy.
    maxWorkers: 2,
    // Applies to the tests of one file that run concurrently, such as the recorded cases.
    maxConcurrency: 2,
    testTimeout: 30_000,
    // E2E_HOLD=1 keeps the agents of a test until they are ended by hand.
    hookTimeout: process.env.E2E_HOLD === "1" ? 0 : 60_000
  }
})

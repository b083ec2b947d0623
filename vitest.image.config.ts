// The tests that need root and Debian packages: `npm run test:image`.
import { defineConfig } from "vitest/config"
import config from "./vitest.config.ts"

export default defineConfig({
  ...config,
  test: { ...config.test, include: ["test/image/**/*.test.ts"], exclude: [] }
})

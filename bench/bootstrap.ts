import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { build } from "esbuild"
import { yamlForEsbuild } from "../scripts/yaml-modules.ts"
import { agentFile, folder, PATH, root, standInEnvoy } from "./agent.ts"
import { figure, median } from "./figures.ts"
import { runWithPeak } from "./processes.ts"
import { now } from "./timing.ts"

/** How long a process takes for its first bootstrap, without its start. */
export const benchBootstrap = async (rounds: number): Promise<void> => {
  const program = `${folder}/generate.mjs`
  await build({
    entryPoints: [`${root}bench/generate.ts`],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url)` },
    plugins: [yamlForEsbuild],
    logLevel: "warning"
  })
  const times = Array.from({ length: rounds }, () => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [program], { encoding: "utf8" })
    if (status !== 0) throw new Error(`no bootstrap was generated: ${stderr}`)
    return Number(stdout)
  })
  figure("the first bootstrap of a process", median(times), "ms", { most: 15 })
}

const cluster = "  - { name: a, type: STATIC, connect_timeout: 1s }\n"
const aliases = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]`)

/** Files that the agent refuses, by what is wrong with them. */
const refusedFiles: Readonly<Record<string, string>> = {
  "50 MB": "# padding padding padding\n".repeat(2e6),
  "500 kB of one list": `a: [${"1,".repeat(250_000)}]`,
  "500 kB of brackets": `a: ${"[".repeat(500_000)}`,
  "500 kB of clusters": `static_resources:\n  clusters:\n${cluster.repeat(10_000)}`,
  "an alias bomb": ["a0: &a0 [x]", ...aliases].join("\n")
}

/** Time and memory that it takes to refuse a custom file. */
export const benchRefusedFiles = (): void => {
  const path = `${folder}/wrong.yaml`
  for (const [name, content] of Object.entries(refusedFiles)) {
    writeFileSync(path, content)
    const began = now()
    const env = { ...standInEnvoy(), PATH, ENVOY_RESOURCES_CONFIG_FILE: path }
    const { peak, status, stderr } = runWithPeak([agentFile, "bootstrap"], env)
    const seconds = (now() - began) / 1000
    if (status !== 1 || !stderr.includes("wrong.yaml: line ")) throw new Error(`${name}: ${status} ${stderr}`)
    figure(`refusing ${name}`, seconds, "s", { most: 2 })
    figure(`refusing ${name}, peak memory`, peak, "MB", { most: 200 })
  }
}

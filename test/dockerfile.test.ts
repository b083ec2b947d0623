import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { root } from "./e2e/agent.ts"
import { parseInstructions } from "./image/instructions.ts"

describe("the Dockerfile", () => {
  const instructions = parseInstructions(readFileSync(`${root}Dockerfile`, "utf8"))
  const argument = (name: string) =>
    instructions.find((found) => found.name === "ARG" && found.text.startsWith(`${name}=`))?.text.slice(name.length + 1)
  const manifest: { readonly version: string } = JSON.parse(readFileSync(`${root}package.json`, "utf8"))

  it("has nothing that hadolint warns about", () => {
    const words = ["scripts/hadolint.sh", "--no-color", "--failure-threshold", "style", "Dockerfile"]
    expect(execFileSync("sh", words, { cwd: root, encoding: "utf8" })).toBe("")
  }, 60_000)

  it("has the Node that runs the tests, the newest Envoy of those that are tested, and the package's version", () => {
    expect(argument("NODE_IMAGE")?.split(/[:-]/)[1]).toBe(process.version.slice(1))
    const versions = execFileSync("sh", [`${root}scripts/envoy.sh`, "--versions"], { encoding: "utf8" })
    expect(argument("ENVOY_IMAGE")).toBe(`envoyproxy/envoy:v${versions.trim().split("\n").at(-1)}`)
    expect(argument("VERSION")).toBe(manifest.version)
  })

  it("fetches base images, npm's packages by their hashes, and Debian's packages, and nothing else", () => {
    expect(instructions.filter(({ name }) => name === "ADD")).toEqual([])
    const commands = instructions.filter(({ name }) => name === "RUN").flatMap(({ text }) => text.split("&&"))
    const fetching = commands.map((command) => command.trim()).filter((command) => /^(npm (?!run )|apt)/.test(command))
    expect(new Set(fetching.map((command) => command.split(" ").slice(0, 3).join(" ")))).toEqual(
      new Set(["npm ci --ignore-scripts", "apt-get update", "apt-get install -y"])
    )
    const programs = new Set(commands.map((command) => command.trim().split(" ")[0]))
    expect([...programs].sort()).toEqual(["apt-get", "chown", "cp", "install", "ln", "npm", "rm", "setcap"])
  })

  it("names every base image with a tag", () => {
    const bases = instructions.filter(({ name }) => name === "FROM").map(({ text }) => text.split(" ")[0] ?? "")
    expect(bases.length).toBeGreaterThan(1)
    for (const base of bases) {
      const name = /^\$\{(\w+)\}$/.exec(base)?.[1] ?? ""
      expect(argument(name), base).toMatch(/^[\w./-]+:(?!latest)[\w.-]+$/)
    }
  })
})

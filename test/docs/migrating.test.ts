import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { settingNames } from "../../src/layers/config/decode.ts"
import { shows } from "../shows.ts"

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")
const page = read("docs/migrating.md")

/** The anchor of a heading, as GitHub makes it. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-")

const anchorsOf = (text: string) => [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading))

describe("docs/migrating.md", () => {
  it("names no variable that is not a setting", () => {
    shows("migrating")
    const names = page.match(/\b(APPNET|ENVOY|APPMESH|RELAY|LISTENER|HC)_[A-Z0-9_]+\b/g) ?? []
    expect(names.length).toBeGreaterThan(30)
    // These are arguments of the Dockerfile.
    const dockerfileArguments = ["ENVOY_IMAGE", "ENVOY_BINARY"]
    for (const name of dockerfileArguments) expect(read("Dockerfile")).toContain(`ARG ${name}`)
    expect(names.filter((name) => ![...settingNames, ...dockerfileArguments].includes(name))).toEqual([])
  })

  it("gives each difference a reason and a way back, or says that there is none", () => {
    shows("migrating")
    const rows = page.split("\n").filter((line) => line.startsWith("| ") && line.split(" | ").length === 5)
    const differences = rows.filter((line) => !/^\| (what|---)/.test(line))
    expect(differences.length).toBeGreaterThan(35)
    for (const row of differences)
      for (const cell of row.slice(2, -2).split(" | ")) expect(cell.trim(), row).not.toBe("")
  })

  it("links to files and headings that exist", () => {
    const links = [...page.matchAll(/\]\(([^)#]*)(?:#([^)]+))?\)/g)]
    expect(links.length).toBeGreaterThan(5)
    for (const [, file = "", heading] of links) {
      const path = file === "" ? "docs/migrating.md" : file.startsWith("../") ? file.slice(3) : `docs/${file}`
      expect(existsSync(new URL(`../../${path}`, import.meta.url)), path).toBe(true)
      if (heading !== undefined) expect(anchorsOf(read(path)), path).toContain(heading)
    }
  })

  it("says of the image what its Dockerfile says", () => {
    const dockerfile = read("Dockerfile")
    for (const line of [
      "USER 65534:65534",
      "APPNET_ENVOY_ADMIN_ADDRESS=127.0.0.1",
      "APPNET_AGENT_ADMIN_UDS_PATH=/tmp/appnet_admin.sock",
      "ln -s appnet-agent /usr/bin/agent"
    ]) {
      expect(dockerfile).toContain(line)
    }
    expect(dockerfile).not.toMatch(/install .*curl/)
  })
})

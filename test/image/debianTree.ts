// Copies the files of chosen Debian packages from this machine into a folder: those of a slim base image, and those that
// `apt-get install` adds. Files of other packages are left out, so that a test fails where the image lacks a package.
import { execFileSync } from "node:child_process"
import { existsSync, lstatSync, mkdirSync, realpathSync, symlinkSync } from "node:fs"
import { posix } from "node:path"

interface Package {
  readonly essential: boolean
  /** Dependencies. Each is a list of alternatives. */
  readonly needs: ReadonlyArray<ReadonlyArray<string>>
}

const plainName = (text: string) => text.trim().replace(/[\s:(].*$/s, "")

const listOf = (text: string | undefined) => (text ?? "").split(",").filter((part) => part.trim() !== "")

const readPackages = () => {
  const packages = new Map<string, Package>()
  const provided = new Map<string, string>()
  let lines: ReadonlyArray<string>
  try {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's format.
    const format = "${db:Status-Abbrev}|@@|${Package}|@@|${Essential}|@@|${Pre-Depends},${Depends}|@@|${Provides}\n"
    lines = execFileSync("dpkg-query", ["-W", `-f=${format}`], { encoding: "utf8" }).split("\n")
  } catch (cause) {
    throw new Error("the image's tests need a Debian machine, whose files stand for the base image's", { cause })
  }
  for (const line of lines) {
    const [status = "", name = "", essential, needs, provides] = line.split("|@@|")
    if (!status.startsWith("ii")) continue
    packages.set(name, {
      essential: essential === "yes",
      needs: listOf(needs).map((need) => need.split("|").map(plainName))
    })
    for (const other of listOf(provides)) provided.set(plainName(other), name)
  }
  return { packages, provided }
}

const { packages, provided } = readPackages()

/** These packages and all their dependencies. */
const closureOf = (names: ReadonlyArray<string>): ReadonlySet<string> => {
  const closure = new Set<string>()
  const waiting = names.map((name) => [name])
  for (let need = waiting.pop(); need !== undefined; need = waiting.pop()) {
    const candidates = need.map((name) => (packages.has(name) ? name : provided.get(name)))
    const found = candidates.find((name) => name !== undefined)
    if (found === undefined)
      throw new Error(
        `the image's tests need the package ${need.join(" or ")} on this machine: apt-get install ${need[0]}`
      )
    if (closure.has(found)) continue
    closure.add(found)
    waiting.push(...(packages.get(found)?.needs ?? []).map((alternatives) => [...alternatives]))
  }
  return closure
}

/** Folders whose contents slim images do not have. */
const leftOut = /^\/usr\/share\/(doc|man|locale|info|lintian)\/./

/** Files that the packages' scripts create when they are installed. */
const madeByScripts: Readonly<Record<string, ReadonlyArray<string>>> = {
  "base-passwd": ["/etc/passwd", "/etc/group"],
  "ca-certificates": ["/etc/ssl/certs/ca-certificates.crt"]
}

const copyFiles = (root: string, names: ReadonlyArray<string>) => {
  const listed = execFileSync("dpkg", ["-L", ...names], { encoding: "utf8", maxBuffer: 1e8 }).split("\n")
  const files = new Set<string>()
  for (const path of [...listed, ...names.flatMap((name) => madeByScripts[name] ?? [])]) {
    if (!path.startsWith("/") || path === "/." || leftOut.test(path) || !existsSync(posix.dirname(path))) continue
    // Packages list some files under links, such as /lib for /usr/lib.
    const real = posix.join(realpathSync(posix.dirname(path)), posix.basename(path))
    if (lstatSync(real, { throwIfNoEntry: false }) !== undefined) files.add(real.slice(1))
  }
  const input = [...files].sort().join("\n")
  const tar = 'tar -C / --no-recursion -cf - -T - | tar -C "$0" -xpf -'
  execFileSync("sh", ["-c", tar, root], { input, stdio: ["pipe", "ignore", "pipe"] })
}

const passwords = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"

/** Fills `root` with the packages of a slim image: Debian's essential ones and apt. */
export const fillWithDebian = (root: string): void => {
  const essential = [...packages].flatMap(([name, { essential }]) => (essential ? [name] : []))
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    if (lstatSync(`/${name}`, { throwIfNoEntry: false })?.isSymbolicLink())
      symlinkSync(`usr/${name}`, `${root}/${name}`)
  }
  copyFiles(root, [...closureOf([...essential, "apt"])])
  if (lstatSync(`${root}/var/run`, { throwIfNoEntry: false }) === undefined) symlinkSync("/run", `${root}/var/run`)
  for (const folder of ["proc", "dev", "run", "usr/local/bin", "usr/local/sbin"])
    mkdirSync(`${root}/${folder}`, { recursive: true })
  execFileSync("tee", [`${root}/etc/passwd`], { input: passwords, stdio: ["pipe", "ignore", "inherit"] })
}

/** Adds packages to `root` as `apt-get install --no-install-recommends` does. */
export const addPackages = (root: string, names: ReadonlyArray<string>): void => {
  copyFiles(root, [...closureOf(names)])
}

// Finds the `shows(...)` calls of all tests in their sources, so that docs/coverage.md is written without running the tests.
// It finds the end of a block by its indentation, which the formatter guarantees.
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

export interface Claim {
  /** The test file's path from the repository's root. */
  readonly file: string
  /** The full name of the test. An interpolated expression is written as `<expression>`. */
  readonly test: string
  readonly what: ReadonlyArray<string>
  /** The source of the test, without its claims. */
  readonly text: string
}

const opener = /^\s*(?:describe|it|layer)\b.*\($/
const titled = /^\s*(describe|it)[\w.]*(?:\.each\((?:[^()]|\([^()]*\))*\))?\(\s*(["'`])(.*?)\2,/s
const claimed = /\bshows\((\s*"[^)]*)\)/g

const indentOf = (line: string) => line.search(/\S/)

/** The title of the block that begins at line `index`, if it is a test or a group of tests. */
const titleAt = (lines: ReadonlyArray<string>, index: number) => {
  const line = lines[index] ?? ""
  // `it.each([ ... ])(`, over several lines: the title follows.
  if (/^\s*\S*\)\($/.test(line) && !/\b(describe|it)\b/.test(line)) {
    const opening =
      lines.slice(0, index).findLast((before) => before !== "" && indentOf(before) === indentOf(line)) ?? ""
    const [, kind] = /^\s*(describe|it)\.each\(/.exec(opening) ?? []
    const [, , title] = /^\s*(["'`])(.*)\1,$/.exec(lines[index + 1] ?? "") ?? []
    return kind === undefined || title === undefined ? undefined : { kind, title }
  }
  const head = opener.test(line) || /\($/.test(line) ? `${line}${lines[index + 1] ?? ""}` : line
  const [, kind, , title] = titled.exec(head) ?? []
  return title === undefined ? undefined : { kind, title: title.replace(/\$\{(\w+)[^}]*\}/g, "<$1>") }
}

/** The last line of the block that begins at line `index`. */
const endOf = (lines: ReadonlyArray<string>, index: number) => {
  const indent = indentOf(lines[index] ?? "")
  const after = lines.findIndex((line, i) => i > index && line !== "" && indentOf(line) <= indent)
  return after === -1 ? lines.length : after
}

interface Enclosing {
  readonly titles: ReadonlyArray<string>
  /** The first line of the test. */
  readonly test: number | undefined
}

const enclosing = (lines: ReadonlyArray<string>, from: number): Enclosing => {
  const titles: Array<string> = []
  let test: number | undefined
  let indent = indentOf(lines[from] ?? "")
  for (let i = from; i >= 0; i -= 1) {
    const line = lines[i] ?? ""
    if (line === "" || (i !== from && indentOf(line) >= indent)) continue
    indent = indentOf(line)
    const found = titleAt(lines, i)
    if (found === undefined) continue
    titles.unshift(found.title)
    if (found.kind === "it") test = i
  }
  return { titles, test }
}

/** The claims of one test file. */
export const claimsIn = (file: string, source: string): ReadonlyArray<Claim> => {
  const lines = source.split("\n")
  const claims: Array<Claim> = []
  for (const { 1: words = "", index } of source.matchAll(claimed)) {
    const at = source.slice(0, index).split("\n").length - 1
    if (/^\s*(\/\/|\*)/.test(lines[at] ?? "")) throw new Error(`${file}:${at + 1}: shows() is in a comment`)
    const { test, titles } = enclosing(lines, at)
    if (test === undefined) throw new Error(`${file}:${at + 1}: shows() is in no test that has a title`)
    if (/\.(skip|todo|skipIf|runIf)\b/.test(lines[test] ?? ""))
      throw new Error(`${file}:${test + 1}: not every run shows it`)
    const text = lines.slice(test, endOf(lines, test) + 1).join("\n")
    claims.push({
      file,
      test: titles.join(" > "),
      what: [...words.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name),
      text: text.replace(claimed, "")
    })
  }
  return claims
}

/** All claims of all tests, sorted by file and then by their place in it. */
export const collectClaims = (): ReadonlyArray<Claim> =>
  readdirSync(`${root}test`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .sort()
    .flatMap((name) => claimsIn(`test/${name}`, readFileSync(`${root}test/${name}`, "utf8")))

/** The source that the tests of a file share: what is outside of tests, and the modules of test/e2e that the file imports. */
export const sharedText = (file: string): string => {
  const source = readFileSync(`${root}${file}`, "utf8")
  const lines = source.split("\n")
  const own = lines.filter((_, i) => enclosing(lines, i).test === undefined)
  const helpers = [...source.matchAll(/from "(\.[^"]+)"/g)]
    .map(([, path = ""]) => join(dirname(file), path))
    .filter((path) => path.startsWith("test/e2e/"))
  return [...own, ...helpers.map((path) => readFileSync(`${root}${path}`, "utf8"))].join("\n")
}

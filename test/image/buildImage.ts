// Executes the Dockerfile without Docker. The files of the base images come from this machine, everything else from the
// instructions. An unknown instruction, flag or command is an error, so that none is ignored.
import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs"
import { posix } from "node:path"
import { addPackages, fillWithDebian } from "./debianTree.ts"
import { type Instruction, parseInstructions } from "./instructions.ts"

export interface ImageConfig {
  readonly environment: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly user: string
  readonly entrypoint: ReadonlyArray<string>
  readonly command: ReadonlyArray<string>
  readonly healthCheck: ReadonlyArray<string>
  readonly stopSignal: string
}

export interface BuiltImage {
  readonly root: string
  readonly config: ImageConfig
}

/** Programs of this machine that stand for those of the base images. */
export interface Machine {
  readonly node: string
  readonly envoy: string
}

interface Stage {
  readonly root: string
  readonly isHost: boolean
  readonly variables: Map<string, string>
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const run = (command: string, words: ReadonlyArray<string>, cwd?: string) =>
  execFileSync(command, words, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8", ...(cwd && { cwd }) })

const put = (source: string, target: string, mode = 0o755) => {
  mkdirSync(posix.dirname(target), { recursive: true })
  run("cp", [source, target])
  chmodSync(target, mode)
}

const fillBase = (image: string, root: string, machine: Machine): boolean => {
  if (/^debian:[a-z]+-slim$/.test(image)) fillWithDebian(root)
  else if (/^node:[\d.]+-[a-z]+-slim$/.test(image)) put(machine.node, `${root}/usr/local/bin/node`)
  else if (/^envoyproxy\/envoy:v[\d.]+$/.test(image)) put(machine.envoy, `${root}/usr/local/bin/envoy`)
  else throw new Error(`nothing on this machine stands for ${image}`)
  return image.startsWith("node:")
}

/** The top-level names that .dockerignore leaves in the build context. The file must be `*` and exceptions from it. */
export const contextNames = (dockerignore: string): ReadonlyArray<string> => {
  const [first, ...others] = dockerignore.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  if (first !== "*") throw new Error(".dockerignore: the first pattern is not *")
  return others.map((line) => {
    if (!/^![\w.-]+$/.test(line)) throw new Error(`.dockerignore: ${line} is not !NAME`)
    return line.slice(1)
  })
}

const flagsOf = (text: string) => {
  const words = text.split(/\s+/)
  const flags = new Map<string, string>()
  while (words[0]?.startsWith("--")) {
    const [name = "", value = ""] = (words.shift() ?? "").slice(2).split("=")
    flags.set(name, value)
  }
  return { flags, words }
}

const jsonWords = ({ line, name, text }: Instruction, from = text): ReadonlyArray<string> => {
  const words: unknown = JSON.parse(from)
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string"))
    throw new Error(`line ${line}: ${name} is not in its exec form: ${text}`)
  return words
}

/** `KEY=value KEY="a value"`. */
const pairs = (text: string): ReadonlyArray<readonly [string, string]> =>
  [...text.matchAll(/([\w.]+)=("[^"]*"|\S*)\s*/g)].map(([, key = "", value = ""]) => [key, value.replace(/^"|"$/g, "")])

const copyInto = (instruction: Instruction, from: string, to: string, allowed: ReadonlyArray<string> | undefined) => {
  const { flags, words } = flagsOf(instruction.text)
  for (const flag of flags.keys())
    if (!["from", "chown", "chmod"].includes(flag)) throw new Error(`line ${instruction.line}: unknown flag --${flag}`)
  const target = words.pop() ?? ""
  const intoFolder = words.length > 1 || /(^|\/)\.?\/?$/.test(target)
  for (const word of words) {
    const top = word.split("/")[0] ?? ""
    const source = posix.join(from, word)
    if ((allowed !== undefined && !allowed.includes(top)) || !existsSync(source))
      throw new Error(`line ${instruction.line}: there is no ${word} to copy`)
    const place = posix.join(
      to,
      intoFolder && statSync(source).isFile() ? posix.join(target, posix.basename(word)) : target
    )
    mkdirSync(posix.dirname(place), { recursive: true })
    // As with BuildKit: a folder's contents go into the target, and the owner is root unless it is named. File capabilities,
    // which a change of the owner removes, are copied after it.
    run("cp", ["-rT", "--preserve=mode,links", source, place])
    if (flags.has("chown")) run("chown", ["-R", flags.get("chown") ?? "", place])
    if (flags.has("chmod")) chmodSync(place, Number.parseInt(flags.get("chmod") ?? "", 8))
    run("cp", ["-rT", "--attributes-only", "--preserve=xattr", source, place])
  }
}

const runIn = (stage: Stage, workdir: string, context: string, { line, text }: Instruction) => {
  for (const command of text.split("&&").map((part) => part.trim())) {
    const [program = "", ...words] = command.split(/\s+/)
    if (program === "npm" && words[0] === "ci") {
      for (const file of ["package.json", "package-lock.json"])
        if (!existsSync(`${stage.root}${workdir}/${file}`)) throw new Error(`line ${line}: npm ci without ${file}`)
      symlinkSync(`${context}/node_modules`, `${stage.root}${workdir}/node_modules`)
    } else if (program === "npm" && stage.isHost) run("npm", words, `${stage.root}${workdir}`)
    else if (program === "apt-get" && words[0] === "install")
      addPackages(
        stage.root,
        words.slice(1).filter((word) => !word.startsWith("-"))
      )
    else if (program === "apt-get" && words[0] === "update") continue
    else if (stage.isHost) throw new Error(`line ${line}: cannot be executed here: ${command}`)
    else run("env", ["-i", `PATH=${defaultPath}`, "chroot", stage.root, "/bin/sh", "-ec", command])
  }
}

/** Executes all stages in subfolders of `folder`. The last stage is the image. */
export const buildImage = (folder: string, context: string, machine: Machine): BuiltImage => {
  const allowed = contextNames(readFileSync(`${context}/.dockerignore`, "utf8"))
  const globals = new Map<string, string>()
  const stages = new Map<string, Stage>()
  let stage: Stage | undefined
  let workdir = "/"
  const environment: Record<string, string> = { PATH: defaultPath }
  const labels: Record<string, string> = {}
  let config: Omit<ImageConfig, "environment" | "labels"> = {
    user: "0:0",
    stopSignal: "SIGTERM",
    entrypoint: [],
    command: [],
    healthCheck: []
  }

  const expand = ({ line, text }: Instruction, variables: ReadonlyMap<string, string>) =>
    text.replace(/\$\{(\w+)\}/g, (_, name) => {
      const value = variables.get(name)
      if (value === undefined) throw new Error(`line ${line}: ${name} has no value`)
      return value
    })

  for (const plain of parseInstructions(readFileSync(`${context}/Dockerfile`, "utf8"))) {
    const { name, line } = plain
    const text = expand(plain, stage === undefined || name === "FROM" ? globals : stage.variables)
    const instruction = { ...plain, text }
    if (name === "FROM") {
      const [image = "", , alias = "final"] = text.split(/\s+/)
      const root = `${folder}/${alias}`
      mkdirSync(root)
      stage = { root, isHost: fillBase(image, root, machine), variables: new Map() }
      stages.set(alias, stage)
      workdir = "/"
    } else if (stage === undefined) {
      if (name !== "ARG") throw new Error(`line ${line}: ${name} before FROM`)
      for (const [key, value] of pairs(text)) globals.set(key, value)
    } else if (name === "ARG") for (const [key, value] of pairs(text)) stage.variables.set(key, value)
    else if (name === "ENV") Object.assign(environment, Object.fromEntries(pairs(text)))
    else if (name === "LABEL") Object.assign(labels, Object.fromEntries(pairs(text)))
    else if (name === "WORKDIR") {
      workdir = text
      mkdirSync(`${stage.root}${workdir}`, { recursive: true })
    } else if (name === "COPY") {
      const from = flagsOf(text).flags.get("from")
      const source = from === undefined ? context : stages.get(from)?.root
      if (source === undefined) throw new Error(`line ${line}: there is no stage ${from}`)
      const target = text.split(/\s+/).at(-1)?.startsWith("/") ? stage.root : `${stage.root}${workdir}`
      copyInto(instruction, source, target, from === undefined ? allowed : undefined)
    } else if (name === "RUN") runIn(stage, workdir, context, instruction)
    else if (name === "USER") config = { ...config, user: text }
    else if (name === "STOPSIGNAL") config = { ...config, stopSignal: text }
    else if (name === "ENTRYPOINT") config = { ...config, entrypoint: jsonWords(instruction) }
    else if (name === "CMD") config = { ...config, command: jsonWords(instruction) }
    else if (name === "HEALTHCHECK")
      config = { ...config, healthCheck: jsonWords(instruction, text.replace(/^.*?CMD\s+/, "")) }
    else throw new Error(`line ${line}: unknown instruction ${name}`)
  }
  if (stage === undefined) throw new Error("the Dockerfile has no FROM")
  return { root: stage.root, config: { ...config, environment, labels } }
}

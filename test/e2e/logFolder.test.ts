// What other programs may do to the log folder while lines arrive.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { describe, expect, it } from "vitest"
import { shows } from "../shows.ts"
import { privateFolder } from "./agent.ts"
import { agentLine, linesIn, numberedLine, startLogging } from "./logging.ts"

const name = "appnet_envoy.log"
const lineOf = (number: number) => `line ${`${number}`.padStart(9, "0")} of the fake Envoy`

/** Writes `count` numbered lines, and rests after each thousand; then makes the file `mark`, and goes on for a while. */
const counting = (count: number, mark: string) => `
i=0
while [ $i -lt ${count} ]; do
  seq -f 'line %09.0f of the fake Envoy' $((i + 1)) $((i + 1000))
  i=$((i + 1000))
  sleep 0.02
done
touch ${mark}
sleep 3
exit 5`

/** Does nothing where the agent was quicker: what is in the way is left there. */
const attempt = (change: () => unknown) => {
  try {
    change()
  } catch {}
}

describe("while lines arrive", () => {
  it("the log folder may be moved, replaced and filled with links and folders: each line is somewhere, once and whole", async () => {
    shows("log-rotation")
    const count = 150_000
    const folder = privateFolder()
    const mark = `${folder}/all-lines-written`
    const { agent, logs } = await startLogging({
      folder,
      script: counting(count, mark),
      environment: { APPNET_AGENT_MAX_LOG_FILE_SIZE: "0.05", APPNET_AGENT_MAX_RETENTION_COUNT: "1000" }
    })
    const victim = `${folder}/victim`
    writeFileSync(victim, "")
    const path = `${logs}/${name}`
    let moves = 0
    const moveAway = (from: string) => {
      moves += 1
      renameSync(from, `${folder}/moved-${moves}`)
    }
    const attacks: ReadonlyArray<() => unknown> = [
      () => moveAway(logs),
      () => mkdirSync(logs),
      () => moveAway(path),
      () => symlinkSync(victim, path),
      // A link is removed, or a file that is still empty.
      () => readFileSync(path, "latin1") === "" && rmSync(path),
      () => mkdirSync(path),
      () => rmdirSync(path),
      () => {
        moveAway(logs)
        mkdirSync(logs)
      },
      () => {
        writeFileSync(`${folder}/other`, "of another program")
        moveAway(path)
        renameSync(`${folder}/other`, path)
      },
      () => symlinkSync(victim, `${path}.${Date.now()}`)
    ]
    let isOver = false
    void agent.exited.then(() => {
      isOver = true
    })
    for (let i = 0; !isOver && !existsSync(mark); i += 1) {
      attempt(attacks[i % attacks.length] ?? (() => {}))
      await new Promise((done) => setTimeout(done, 7))
    }
    // From here on nothing is in the way of the file, which the agent tries again each second.
    attempt(() => moveAway(path))
    mkdirSync(logs, { recursive: true })
    expect((await agent.exited).code).toBe(5)
    expect(readFileSync(victim, "utf8")).toBe("")

    const found = new Map<number, number>()
    const torn: Array<string> = []
    const collect = (text: string) => {
      for (const line of text.split("\n")) {
        const number = numberedLine.exec(line)?.[1]
        if (number !== undefined) found.set(Number(number), (found.get(Number(number)) ?? 0) + 1)
        else if (line !== "" && line !== "of another program" && !agentLine.test(line)) torn.push(line)
      }
    }
    collect(agent.stdout())
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const isLog = entry.parentPath !== folder || entry.name.startsWith("moved-")
      if (entry.isFile() && isLog) collect(readFileSync(`${entry.parentPath}/${entry.name}`, "latin1"))
    }
    expect(torn).toEqual([])
    expect(moves).toBeGreaterThan(20)
    expect(found.size).toBe(count)
    expect([...found.values()].every((times) => times === 1)).toBe(true)
    expect(agent.stderr()).toContain("writable again")
  })

  it("the newest are kept by every agent that logs there, and files of others stay", async () => {
    shows("log-retention")
    const folder = privateFolder()
    const logs = `${folder}/logs`
    const others = [`${name}.1`, `${name}.1700000000000`, `${name}.${Date.now() + 1e9}`, `${name}.9999999999999`]
    for (const life of [1, 2, 3]) {
      const { agent } = await startLogging({
        folder,
        script: `seq -f 'line %09.0f of the fake Envoy' ${3000 * (life - 1) + 1} ${3000 * life}; exit 5`,
        environment: { APPNET_AGENT_MAX_LOG_FILE_SIZE: "0.01", APPNET_AGENT_MAX_RETENTION_COUNT: "3" }
      })
      expect((await agent.exited).code).toBe(5)
      if (life === 1) for (const other of others) writeFileSync(`${logs}/${other}`, "of another program\n")
    }
    for (const other of others) {
      expect(readFileSync(`${logs}/${other}`, "utf8")).toBe("of another program\n")
      rmSync(`${logs}/${other}`)
    }
    expect(readdirSync(logs)).toHaveLength(4)
    const numbers = linesIn(logs).filter((line) => numberedLine.test(line))
    const last = Array.from({ length: numbers.length }, (_, i) => lineOf(9000 - numbers.length + 1 + i))
    expect(numbers).toEqual(last)
    expect(numbers.length).toBeGreaterThan(800)
  })
})

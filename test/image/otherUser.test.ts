// Users that differ from the one who made a terminal, a pipe or a folder. Needs root.
import { execFileSync, spawn } from "node:child_process"
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it, onTestFinished } from "vitest"
import { asOtherUser, folderOfOtherUser, otherUser } from "../demo/demo.ts"
import { type Agent, eventually, filesIn, openAs, ownFolderIn, privateFolder, startAgent } from "../e2e/agent.ts"
import { serviceConnect } from "../e2e/mesh.ts"
import { leaveSocket } from "../layers/files/leaveSocket.ts"
import { shows } from "../shows.ts"

/** Starts the agent as another user, by a command that belongs to root. */
const startAsOtherUser = (under: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) => {
  const folder = folderOfOtherUser()
  return startAgent({
    folder,
    environment: { ...serviceConnect(folder), APPNET_ENVOY_RESTART_COUNT: "1", ...environment },
    under: [...under, ...asOtherUser]
  })
}

/** Has Envoy run at its first start, although it opens /dev/stdout, and write where the agent does. */
const expectEnvoyToWrite = async (agent: Agent, output: () => string) => {
  const { envoyPid } = await agent.until({ envoyState: "PRE_INITIALIZING", envoyRestartCount: "0" })
  await eventually(() => output().includes("starting main dispatch loop"), "Envoy's log")
  expect(output()).not.toContain("Permission denied")
  expect(openAs(Number(envoyPid), 1)).toMatch(/\.fifo \(deleted\)$/)
  expect(readFileSync(`/proc/${envoyPid}/status`, "utf8")).toContain(`Uid:\t${otherUser}\t`)
}

describe("an agent as another user than the one who opened its output", () => {
  it("runs Envoy where that is a pipe", async () => {
    shows("output-kind")
    const fifo = `${privateFolder()}/output`
    execFileSync("mkfifo", ["-m", "600", fifo])
    const reader = spawn("cat", [fifo], { stdio: ["ignore", "pipe", "inherit"] })
    onTestFinished(() => void reader.kill("SIGKILL"))
    let output = ""
    reader.stdout.on("data", (part) => {
      output += part
    })
    const agent = await startAsOtherUser(["sh", "-c", `exec "$@" > ${fifo} 2>&1`, "sh"])
    await expectEnvoyToWrite(agent, () => output)
  })

  it("runs Envoy where that is a file", async () => {
    shows("output-kind")
    const file = `${privateFolder()}/output`
    const agent = await startAsOtherUser(["sh", "-c", `umask 077; exec "$@" > ${file} 2>&1`, "sh"])
    await expectEnvoyToWrite(agent, () => readFileSync(file, "utf8"))
  })

  it("runs Envoy where that is a terminal", async () => {
    shows("output-kind")
    const openTerminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    const agent = await startAsOtherUser(["python3", "-c", openTerminal])
    await expectEnvoyToWrite(agent, agent.stdout)
  })
})

describe("an agent in a folder that every user may write to", () => {
  it("neither takes nor removes what another user has planted, and is not stopped by it", async () => {
    shows("run-folder", "stale-folders")
    const folder = folderOfOtherUser()
    chownSync(folder, 0, 0)
    chmodSync(folder, 0o1777)
    // Root's here: a folder as a killed agent leaves it, and names as earlier versions of the agent had.
    const planted = `${folder}/appnet-agent-abcdef`
    mkdirSync(planted, { mode: 0o700 })
    leaveSocket(`${planted}/alive`)
    writeFileSync(`${folder}/sampling-rules.json.1`, "")
    const before = filesIn(folder)
    const agent = await startAgent({ folder, environment: serviceConnect(folder), under: asOtherUser })
    await agent.until({ envoyState: "PRE_INITIALIZING" })
    const own = filesIn(folder).filter((name) => !before.includes(name))
    expect(own).toEqual([expect.stringMatching(/^appnet-agent-\w{6}$/)])
    expect(filesIn(`${folder}/${own[0]}`)).toContain("bootstrap.json")
    agent.child.kill("SIGTERM")
    expect((await agent.exited).code).toBe(0)
    expect(filesIn(folder)).toEqual(before)
    expect(existsSync(`${planted}/alive`)).toBe(true)
  })

  it("says which name is another user's where it must have that name", async () => {
    const folder = folderOfOtherUser()
    chownSync(folder, 0, 0)
    chmodSync(folder, 0o1777)
    writeFileSync(`${folder}/sampling-rules.json`, "planted")
    const agent = await startAgent({
      folder,
      environment: { ...serviceConnect(folder), ENABLE_ENVOY_XRAY_TRACING: "1", XRAY_SAMPLING_RATE: "0.5" },
      under: asOtherUser
    })
    expect((await agent.exited).code).toBe(1)
    expect(agent.stderr()).toContain(`cannot be written to ${folder}/sampling-rules.json (APPNET_RUN_DIR): EPERM`)
    expect(readFileSync(`${folder}/sampling-rules.json`, "utf8")).toBe("planted")
    expect(ownFolderIn(folder)).toBeUndefined()
  })
})

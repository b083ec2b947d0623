import { spawn } from "node:child_process"
import { describe, expect, it, onTestFinished } from "vitest"
import { shows } from "../shows.ts"
import { agentEnvironment, agentFile, ask, eventually, privateFolder, processesOf, startAgent } from "./agent.ts"

describe("Envoy's output", () => {
  it("is complete on pipes, although Envoy opens /dev/stdout by name", async () => {
    shows("output-kind")
    const folder = privateFolder()
    const agent = await startAgent({
      folder,
      environment: { APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`, APPMESH_RESOURCE_ARN: "task-set/c/s/x" }
    })
    await agent.until({ envoyState: "PRE_INITIALIZING" })
    await eventually(() => agent.stderr().includes("starting main dispatch loop"), "Envoy's last word of its start")
    agent.child.kill("SIGTERM")
    expect((await agent.exited).code).toBe(0)
    await eventually(() => agent.stderr().includes("exiting"), "Envoy's last line")
  })

  it("goes to a terminal", async () => {
    shows("output-kind")
    const folder = privateFolder()
    const environment: Record<string, string> = {
      ...(await agentEnvironment(folder)),
      APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`,
      APPMESH_RESOURCE_ARN: "task-set/c/s/x"
    }
    const openTerminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    const terminal = spawn("python3", ["-c", openTerminal, process.execPath, agentFile], {
      env: environment,
      stdio: ["pipe", "pipe", "pipe"]
    })
    const exited = new Promise<number | null>((resolve) => terminal.once("exit", resolve))
    onTestFinished(async () => {
      terminal.kill("SIGKILL")
      await exited
      for (const pid of processesOf(folder)) process.kill(pid, "SIGKILL")
    })
    let output = ""
    terminal.stdout.on("data", (part) => {
      output += part
    })
    await eventually(() => output.includes("starting main dispatch loop"), "Envoy's log on the terminal")
    await eventually(
      async () =>
        JSON.parse((await ask(`http://127.0.0.1:${environment.APPNET_AGENT_HTTP_PORT}`, "/status")).body).envoyState ===
        "PRE_INITIALIZING",
      "Envoy is up"
    )
    terminal.stdin.write("\u0003")
    expect(await exited).toBe(0)
    expect(output).toContain("SIGINT: stopping")
    expect(processesOf(folder)).toEqual([])
  })

  it("has no error line at the start", async () => {
    const folder = privateFolder()
    const agent = await startAgent({
      folder,
      environment: { APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`, APPMESH_RESOURCE_ARN: "task-set/c/s/x" }
    })
    await agent.until({ envoyState: "PRE_INITIALIZING" })
    await eventually(() => agent.stderr().includes("starting main dispatch loop"), "the end of Envoy's start")
    expect(
      agent
        .stderr()
        .split("\n")
        .filter((line) => /\]\[(error|critical)\]/.test(line))
    ).toEqual([])
  })
})

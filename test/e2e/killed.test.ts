import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { shows } from "../shows.ts"
import { eventually, filesIn, isAlive, ownFolderIn, privateFolder, processesOf, startAgent } from "./agent.ts"
import { serviceConnect } from "./mesh.ts"
import { startServing } from "./serving.ts"

describe("an agent that is killed", () => {
  it("takes Envoy with it, and the next start removes its files", async () => {
    shows("dies-with-agent", "stale-folders")
    const folder = privateFolder()
    const endpoint = { APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`, APPMESH_RESOURCE_ARN: "task-set/c/s/x" }
    const killed = await startAgent({ folder, environment: endpoint })
    const { envoyPid } = await killed.until({ envoyState: "PRE_INITIALIZING" })
    const left = ownFolderIn(folder) ?? ""
    expect(filesIn(folder)).toHaveLength(1)
    expect(filesIn(left)).toContain("bootstrap.json")
    killed.child.kill("SIGKILL")
    await eventually(() => !isAlive(Number(envoyPid)), "Envoy is gone")
    const next = await startAgent({ folder, environment: endpoint })
    await next.until({ envoyState: "PRE_INITIALIZING" })
    await eventually(() => !existsSync(left), "the files of the killed agent are gone")
    expect(filesIn(folder)).toHaveLength(1)
    next.child.kill("SIGTERM")
    await next.exited
    expect(filesIn(folder)).toEqual([])
  })
})

describe("an agent that is killed while a script in Envoy's place runs", () => {
  it("takes all of the script's processes with it", async () => {
    shows("dies-with-agent")
    const folder = privateFolder()
    const script = `#!/bin/sh\n[ "$1" = --version ] && exit\nsleep 300 & sleep 301 & touch ${folder}/up\nwait\n`
    writeFileSync(`${folder}/envoy`, script, { mode: 0o755 })
    const agent = await startAgent({
      folder,
      environment: { ...serviceConnect(folder), APPNET_ENVOY_PATH: `${folder}/envoy` }
    })
    await eventually(() => existsSync(`${folder}/up`), "the script")
    agent.child.kill("SIGKILL")
    await eventually(() => processesOf(folder).length === 0, "nothing is left")
  })
})

/** Starts the agent where these programs do nothing but fail. */
const without = (...programs: ReadonlyArray<string>) => {
  const hide = programs.map((path) => `mount --bind /bin/false ${path}`).join(" && ")
  return ["unshare", process.getuid?.() === 0 ? "-m" : "-rm", "sh", "-c", `${hide} && exec "$@"`, "sh"]
}

describe("an agent without setpriv", () => {
  it("that is killed takes Envoy with it all the same", async () => {
    shows("dies-with-agent")
    const { agent } = await startServing({ under: without("/usr/bin/setpriv") })
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    expect(agent.stderr()).not.toContain("would outlive")
    agent.child.kill("SIGKILL")
    await eventually(() => !isAlive(Number(envoyPid)), "Envoy is gone")
    await eventually(() => processesOf(agent.folder).length === 0, "nothing else is left")
  })

  it("hands Envoy's own pid, exit code and signal on, and gives Envoy none of the agent's pipes", async () => {
    shows("exit-envoy-code", "exit-envoy-signal")
    const { agent } = await startServing({ under: without("/usr/bin/setpriv") })
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    expect(readFileSync(`/proc/${envoyPid}/cmdline`, "latin1")).toMatch(/envoy\0-c\0/)
    process.kill(Number(envoyPid), "SIGABRT")
    expect(await agent.exited).toEqual({ code: 134, signal: null })
    expect(processesOf(agent.folder)).toEqual([])

    const folder = privateFolder()
    const script = `#!/bin/sh\n[ "$1" = --version ] && exit\nls -l /proc/self/fd > ${folder}/fds\nexit 7\n`
    writeFileSync(`${folder}/envoy`, script, { mode: 0o755 })
    const other = await startAgent({
      folder,
      environment: { ...serviceConnect(folder), APPNET_ENVOY_PATH: `${folder}/envoy` },
      under: without("/usr/bin/setpriv")
    })
    expect(await other.exited).toEqual({ code: 7, signal: null })
    // Node's pipes are sockets.
    expect(readFileSync(`${folder}/fds`, "utf8")).not.toContain("socket:")
  })

  it("says once that nothing ends Envoy with it, where there is no shell either", async () => {
    shows("dies-with-agent")
    const { agent } = await startServing({
      under: without("/usr/bin/setpriv", "$(readlink -f /bin/sh)"),
      environment: { APPNET_ENVOY_RESTART_COUNT: "1" }
    })
    const { envoyPid } = await agent.until({ healthStatus: "HEALTHY" })
    process.kill(Number(envoyPid), "SIGKILL")
    await agent.until({ healthStatus: "HEALTHY", envoyRestartCount: "1" })
    const warnings = agent.stderr().match(/\[warning\] \[AppNet Agent\] .*would outlive an agent that is killed/g)
    expect(warnings).toHaveLength(1)
  })

  it("says so when the shell that would end Envoy is killed", async () => {
    const { agent } = await startServing({ under: without("/usr/bin/setpriv") })
    await agent.until({ healthStatus: "HEALTHY" })
    const children = readFileSync(`/proc/${agent.pid}/task/${agent.pid}/children`, "latin1").trim().split(" ")
    const shell = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("/bin/sh\0"))
    process.kill(Number(shell), "SIGKILL")
    await eventually(() => agent.stderr().includes("(/bin/sh: signal SIGKILL)"), "the warning")
  })
})

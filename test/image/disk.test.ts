import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { eventually } from "../e2e/agent.ts"
import { countOf, linesIn, numberedLine, startLogging, stop } from "../e2e/logging.ts"

/** Mounts a tmpfs on the log folder, in a mount namespace that only the agent and its children see. */
const onDisk =
  (options: string, bytesOfOthers?: number) =>
  (logs: string): ReadonlyArray<string> => {
    const fill = bytesOfOthers === undefined ? "" : `head -c ${bytesOfOthers} /dev/zero > ${logs}/other &&`
    return ["unshare", "-m", "sh", "-c", `mount -t tmpfs -o ${options} none ${logs} && ${fill} exec "$@"`, "sh"]
  }

describe("a log file on another disk", () => {
  it("that is read-only costs one warning, and the output stays on stdout and stderr to the end", async () => {
    const { agent } = await startLogging({ script: "echo out; echo err >&2; sleep 3; exit 6", under: onDisk("ro") })
    expect((await agent.exited).code).toBe(6)
    expect(agent.stdout()).toBe("out\n")
    for (const text of ["\nerr\n", "[AppNet Agent] Envoy ended with exit code 6 and no restart"])
      expect(`\n${agent.stderr()}`).toContain(text)
    expect(countOf(agent.stderr(), "EROFS")).toBe(1)
  })

  it("that is full loses no line, and Envoy does not wait for it", async () => {
    const lines = (first: number, last: number) => `seq -f 'line %09.0f of the fake Envoy' ${first} ${last}`
    const { agent, folder } = await startLogging({
      script: `${lines(1, 60_000)}; touch full; while ! [ -e go ]; do sleep 0.05; done; ${lines(60_001, 60_100)}; exec sleep 100`,
      environment: { APPNET_AGENT_MAX_LOG_FILE_SIZE: "100" },
      under: onDisk("size=1m")
    })
    const path = `/proc/${agent.pid}/root${folder}/logs/appnet_envoy.log`
    await eventually(() => readdirSync(folder).includes("full"), "Envoy has said all")
    await eventually(() => agent.stdout().endsWith("line 000060000 of the fake Envoy\n"), "the last line on stdout")
    const inFile = readFileSync(path, "latin1")
    const found = `${inFile}${agent.stdout()}`.split("\n").filter((line) => numberedLine.test(line))
    expect(found).toHaveLength(60_000)
    expect(new Set(found).size).toBe(60_000)
    expect(inFile.endsWith("\n")).toBe(true)
    expect(inFile.length).toBeGreaterThan(900_000)
    expect(countOf(agent.stderr(), "ENOSPC")).toBe(1)

    writeFileSync(path, "")
    await eventually(() => agent.stderr().includes("writable again"), "the file is written again")
    const printed = agent.stdout()
    writeFileSync(`${folder}/go`, "")
    await eventually(() => readFileSync(path, "latin1").includes("line 000060100 "), "the last line in the file")
    expect(agent.stdout()).toBe(printed)
    expect(countOf(agent.stderr(), "ENOSPC")).toBe(1)
    await stop(agent)
  })

  it("that is small is used again once there is space for a file, and every line is whole", async () => {
    const lines = (first: number, last: number) => `seq -f 'line %09.0f of the fake Envoy' ${first} ${last}`
    const { agent, folder } = await startLogging({
      script: `${lines(1, 5000)}; touch full; while ! [ -e go ]; do sleep 0.05; done; ${lines(5001, 6000)}; exec sleep 100`,
      environment: { APPNET_AGENT_MAX_LOG_FILE_SIZE: "0.03", APPNET_AGENT_MAX_RETENTION_COUNT: "2" },
      // Three files of the log fit on the disk, but not beside that of another program.
      under: onDisk("size=128k", 64 * 1024)
    })
    const inside = `/proc/${agent.pid}/root${folder}/logs`
    await eventually(() => readdirSync(folder).includes("full"), "Envoy has said all")
    await eventually(() => agent.stdout().endsWith("line 000005000 of the fake Envoy\n"), "the last line on stdout")
    expect(countOf(agent.stderr(), "ENOSPC")).toBe(1)
    rmSync(`${inside}/other`)
    await eventually(() => agent.stderr().includes("writable again"), "the file is written again")
    const printed = agent.stdout()
    writeFileSync(`${folder}/go`, "")
    await eventually(
      () => linesIn(inside).some((line) => line.startsWith("line 000006000 ")),
      "the last line in a file"
    )
    expect(agent.stdout()).toBe(printed)
    for (const line of linesIn(inside)) expect(line).toMatch(/^line \d{9} of the fake Envoy$|\[AppNet Agent\]/)
    await stop(agent)
  })
})

// Agents that log to a folder.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { expect } from "vitest"
import { type Agent, privateFolder, startAgent } from "./agent.ts"

/** The lines of a log folder, from the oldest file to the newest. */
export const linesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder)
    .toSorted((one, other) => (one.length === other.length ? (one < other ? -1 : 1) : other.length - one.length))
    .flatMap((name) => {
      const text = readFileSync(`${folder}/${name}`, "latin1")
      expect(text.endsWith("\n")).toBe(true)
      return text.slice(0, -1).split("\n")
    })

const serviceConnect = (folder: string) => ({
  APPMESH_XDS_ENDPOINT: `unix://${folder}/none.sock`,
  APPMESH_RESOURCE_ARN: "task-set/cluster/service/logs"
})

export interface Logging {
  /** A shell script that runs in Envoy's place, in the agent's folder. Without it the real Envoy runs. */
  readonly script?: string
  readonly environment?: Readonly<Record<string, string>>
  /** The command that starts the agent, given the log folder; see `AgentOptions.under`. */
  readonly under?: (logs: string) => ReadonlyArray<string>
  /** Whether the log folder exists from the start; true by default. */
  readonly hasFolder?: boolean
  /** The folder of an agent that logged before. */
  readonly folder?: string
}

/** Starts an agent that logs to the folder `logs`. */
export const startLogging = async ({
  environment,
  folder = privateFolder(),
  hasFolder = true,
  script,
  under
}: Logging = {}) => {
  const logs = `${folder}/logs`
  if (hasFolder) mkdirSync(logs, { recursive: true })
  const fake = `${folder}/envoy`
  if (script !== undefined) {
    writeFileSync(fake, `#!/bin/sh\n[ "$1" = --version ] && exit\ncd ${folder}\n${script}\n`, { mode: 0o755 })
  }
  const agent = await startAgent({
    folder,
    ...(under === undefined ? {} : { under: under(logs) }),
    environment: {
      ...serviceConnect(folder),
      ...(script === undefined ? {} : { APPNET_ENVOY_PATH: fake }),
      APPNET_ENVOY_LOG_DESTINATION: logs,
      ...environment
    }
  })
  return { agent, folder, logs, log: () => readFileSync(`${logs}/appnet_envoy.log`, "latin1") }
}

/** Ends the agent with SIGTERM, and expects exit code 0. */
export const stop = async (agent: Agent) => {
  agent.child.kill("SIGTERM")
  expect(await agent.exited).toEqual({ code: 0, signal: null })
}

/** A line of the agent itself. */
export const agentLine = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]\[\d+\]\[[a-z]+\] \[AppNet Agent\] /
/** A line of a script that counts. */
export const numberedLine = /^line (\d{9}) of the fake Envoy$/
export const countOf = (text: string, part: string) => text.split(part).length - 1

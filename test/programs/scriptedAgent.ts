import { Effect, Layer, Result, Runtime, Stream } from "effect"
import { type AgentStatus, AgentUnreachable, ManagementClient } from "../../src/services/ManagementClient.ts"
import { recordedOutput } from "./recordedOutput.ts"

const unreachable = new AgentUnreachable({ address: "unix:/api.sock", problem: "ENOENT" })

/** What a running agent answers. */
export interface AgentScript {
  /** The answers to `/status` in turn, the last one for ever. */
  readonly statuses?: ReadonlyArray<AgentStatus>
  /** The status code and the body of every other answer. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A running agent with scripted answers; undefined: no agent answers. Records requests, and what goes to stdout. */
export const scriptedAgent = (script: AgentScript | undefined) => {
  const requests: Array<string> = []
  let statusRequests = 0
  const client = ManagementClient.of({
    status: Effect.suspend(() => {
      const { statuses = [] } = script ?? {}
      const status = statuses[Math.min(statusRequests, statuses.length - 1)]
      statusRequests += 1
      return status === undefined ? Effect.fail(unreachable) : Effect.succeed(status)
    }),
    request: (method, path) => {
      requests.push(`${method} ${path}`)
      if (script === undefined) return Effect.fail(unreachable)
      const { body = "OK\n", headers = {}, status = 200 } = script
      return Effect.succeed({ status, headers, body: Stream.make(new TextEncoder().encode(body)) })
    }
  })
  const output = recordedOutput()
  return {
    requests,
    written: output.written,
    layer: Layer.merge(Layer.succeed(ManagementClient, client), output.layer)
  }
}

/** The exit code and the message of a command that has ended. */
export const outcome = <E extends Error>(result: Result.Result<void, E>) =>
  Result.isSuccess(result)
    ? { code: 0, message: "" }
    : { code: Runtime.getErrorExitCode(result.failure), message: result.failure.message }

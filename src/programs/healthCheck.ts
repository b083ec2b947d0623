import { type ManagementTarget, requestStatus, tcpTarget } from "../layers/management/client/statusRequest.ts"

/** `ready` that asks only once: the container health check. It must be cheap, so it has this way of its own. */
export const isHealthCheck = (words: ReadonlyArray<string>): boolean =>
  words[0] === "ready" &&
  words.some(
    (word, i) =>
      /^--?(timeout|interval)=0+$/.test(word) || (/^--?(timeout|interval)$/.test(word) && words[i + 1] === "0")
  )

/** None where a setting is missing or wrong: then the full command says so. */
export const healthCheckTarget = (
  environment: Readonly<Record<string, string | undefined>>
): ManagementTarget | undefined => {
  const setting = (name: string) => environment[name]?.trim() || undefined
  const mode = setting("APPNET_AGENT_ADMIN_MODE")?.toLowerCase()
  if (mode === "uds") {
    return { _tag: "Unix", path: setting("APPNET_AGENT_ADMIN_UDS_PATH") ?? "/var/run/ecs/appnet_admin.sock" }
  }
  const port = Number(setting("APPNET_AGENT_HTTP_PORT") ?? 9902)
  if (mode !== "tcp" || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  return tcpTarget(setting("APPNET_AGENT_HTTP_BIND_ADDRESS") ?? "[::]", port)
}

/** Asks once, says what is wrong on stderr, and answers the exit code. */
export const reportHealth = async (target: ManagementTarget): Promise<0 | 1> => {
  const answer = await requestStatus(target, 2000)
  if (answer._tag === "Unreachable") {
    console.error(`no agent answers: ${answer.problem}`)
    return 1
  }
  if (answer.status.healthStatus === "HEALTHY") return 0
  console.error(`${answer.status.healthStatus}: Envoy is ${answer.status.envoyState}`)
  return 1
}

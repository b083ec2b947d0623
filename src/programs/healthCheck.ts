import { printableLine } from "../layers/commandLine/printable.ts"
import { type ManagementTarget, requestStatus, targetOf } from "../layers/management/client/statusRequest.ts"
import { readManagementSettings } from "../services/managementSettings.ts"

/** `--timeout 5` or `--interval=0`, also behind one dash. */
const secondsFlag = /^--?(timeout|interval)(?:=(\d+))?$/

/**
 * `ready` that asks only once: the container health check. It must be cheap, so it has this way of its own. Any other word
 * than these flags is left to the full command, which knows it or says that it is wrong.
 */
export const isHealthCheck = ([command, ...words]: ReadonlyArray<string>): boolean => {
  if (command !== "ready") return false
  const given = new Map<string, number>()
  for (let i = 0; i < words.length; i += 1) {
    const [, name, attached] = secondsFlag.exec(words[i] ?? "") ?? []
    if (name === undefined || given.has(name)) return false
    if (attached === undefined) i += 1
    const value = attached ?? words[i] ?? ""
    if (!/^\d+$/.test(value)) return false
    given.set(name, Number(value))
  }
  return [...given.values()].includes(0)
}

/** None where a setting is missing or wrong: then the full command says so. `userId` is that of this process. */
export const healthCheckTarget = (
  environment: Readonly<Record<string, string | undefined>>,
  userId: number
): ManagementTarget | undefined => {
  const settings = readManagementSettings(environment, userId)
  return settings === undefined ? undefined : targetOf(settings)
}

/** Why an agent that reports this is not HEALTHY, in one line. Its text comes from elsewhere, so it is cut and escaped. */
export const healthProblem = ({ envoyState, healthStatus, reason }: Readonly<Record<string, string>>): string =>
  printableLine(`${healthStatus}: ${reason ?? `Envoy is ${envoyState}`}`).slice(0, 500)

/** Asks once, says what is wrong on stderr, and answers the exit code. */
export const reportHealth = async (target: ManagementTarget): Promise<0 | 1> => {
  const answer = await requestStatus(target, 2000)
  if (answer._tag === "Unreachable") {
    console.error(`no agent answers: ${answer.problem}`)
    return 1
  }
  if (answer.status.healthStatus === "HEALTHY") return 0
  console.error(healthProblem(answer.status))
  return 1
}

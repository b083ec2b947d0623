import { nearestName } from "./nearestName.ts"

/** Variables with these prefixes are meant for the agent, so an unknown one is probably misspelled. */
const ownPrefix = /^(APPNET|ENVOY|APPMESH|HC|LISTENER_DRAIN)_/

const serviceAddress = /^(tcp|udp|sctp):\/\/\S+:\d+$/

/**
 * The Service for which Kubernetes sets a variable, by the variable's shape: it sets some in each container for every
 * Service of the namespace, like ENVOY_PORT=tcp://10.0.0.5:9901 for one named envoy. Undefined for any other variable.
 */
export const serviceOfVariable = (name: string, value: string): string | undefined => {
  const [, service] =
    /^(.+)_SERVICE_HOST$/.exec(name) ??
    (/^\d+$/.test(value) ? /^(.+)_SERVICE_PORT(?:_[A-Z0-9_]+)?$/.exec(name) : null) ??
    (serviceAddress.test(value) ? /^(.+?)_PORT(?:_\d+_(?:TCP|UDP|SCTP))?$/.exec(name) : null) ??
    /^(.+?)_PORT_\d+_(?:TCP|UDP|SCTP)_(?:PROTO|PORT|ADDR)$/.exec(name) ??
    []
  return service?.toLowerCase().replaceAll("_", "-")
}

/** The variables that look like settings but are none, and that somebody seems to have set for the agent. */
export const unknownVariables = (
  environment: Readonly<Record<string, string | undefined>>,
  knownNames: ReadonlyArray<string>
): ReadonlyArray<{ readonly name: string; readonly nearest: string }> => {
  const known = new Set(knownNames)
  return Object.entries(environment)
    .map(([name, value]) => [name, value?.trim() ?? ""] as const)
    .filter(([name, value]) => ownPrefix.test(name) && !known.has(name) && value !== "")
    .filter(([name, value]) => serviceOfVariable(name, value) === undefined)
    .map(([name]) => ({ name, nearest: nearestName(name, knownNames) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

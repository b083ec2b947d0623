/** A command that starts the command behind it: the words to put before Envoy's. */
export type Wrapper = ReadonlyArray<string>

const deathSignal = ["--pdeathsig", "KILL"]
/**
 * The setpriv without file capabilities. The image has a copy with them first on `PATH`; the kernel refuses to start that one
 * where the bounding set lacks one of its capabilities.
 */
const plainSetpriv = "/usr/bin/setpriv"
const netAdminBit = 12n

/** Whether a process holds NET_ADMIN, by the capability masks (hexadecimal) of its `/proc/PID/status`. */
export const holdsNetAdmin = (status: string, userId: number): boolean => {
  const mask = (name: string) => BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1] ?? "0"}`)
  const has = (name: string) => ((mask(name) >> netAdminBit) & 1n) === 1n
  // A user other than root gets it from the file capabilities of setpriv, if the bounding set has it.
  return userId === 0 ? has("CapPrm") : has("CapBnd")
}

/** The wrappers to try, the best one first. */
export const wrapperCandidates = (netAdmin: boolean): ReadonlyArray<Wrapper> => [
  ...(netAdmin ? [["setpriv", ...deathSignal, "--inh-caps", "+net_admin", "--ambient-caps", "+net_admin", "--"]] : []),
  [plainSetpriv, ...deathSignal, "--"],
  ["setpriv", ...deathSignal, "--"]
]

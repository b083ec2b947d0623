/** Envoy's words are put behind these. */
export type Wrapper = ReadonlyArray<string>

const deathSignal = ["--pdeathsig", "KILL"]
/**
 * The one without file capabilities. The image has a copy with them first on `PATH`, which the kernel does not even start
 * where the bounding set lacks one of them.
 */
const plainSetpriv = "/usr/bin/setpriv"
const netAdminBit = 12n

/** The capability sets of `/proc/self/status` (hexadecimal masks), as far as they say something of NET_ADMIN. */
export const holdsNetAdmin = (status: string, userId: number): boolean => {
  const mask = (name: string) => BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1] ?? "0"}`)
  const has = (name: string) => ((mask(name) >> netAdminBit) & 1n) === 1n
  // Another user than root gets it from setpriv's file capabilities, if the container's bounding set allows.
  return userId === 0 ? has("CapPrm") : has("CapBnd")
}

/** What to try, the best first; the last, no wrapper at all, needs no trial. */
export const wrapperCandidates = (netAdmin: boolean): ReadonlyArray<Wrapper> => [
  ...(netAdmin ? [["setpriv", ...deathSignal, "--inh-caps", "+net_admin", "--ambient-caps", "+net_admin", "--"]] : []),
  [plainSetpriv, ...deathSignal, "--"],
  ["setpriv", ...deathSignal, "--"]
]

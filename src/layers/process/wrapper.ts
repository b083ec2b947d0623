/** A command that starts the command behind it: the words to put before Envoy's. */
export type Wrapper = ReadonlyArray<string>

const deathSignal = ["--pdeathsig", "KILL"]
/**
 * The setpriv without file capabilities. The image has a copy with them first on `PATH`; the kernel refuses to start that one
 * where the bounding set lacks one of its capabilities.
 */
const plainSetpriv = "/usr/bin/setpriv"
const netAdminBit = 12n

/** Whether the image's setpriv, or another that may have capabilities, goes before the system's on this `PATH`. */
export const hasOwnSetpriv = (
  searchPath: string | undefined,
  pathOf: (path: string) => string | undefined
): boolean => {
  const found = (searchPath ?? "").split(":").map((folder) => (folder === "" ? undefined : pathOf(`${folder}/setpriv`)))
  const first = found.find((path) => path !== undefined)
  return first !== undefined && first !== pathOf(plainSetpriv)
}

/**
 * Whether this user can hand NET_ADMIN on, by the capability masks (hexadecimal) of `/proc/PID/status`. Who does not hold it gets
 * it from a setpriv with capabilities (`ownSetpriv`), if the bounding set has it; root gets nothing from that.
 */
export const holdsNetAdmin = (status: string, userId: number, ownSetpriv: boolean): boolean => {
  const mask = (name: string) => BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1] ?? "0"}`)
  const has = (name: string) => ((mask(name) >> netAdminBit) & 1n) === 1n
  return has("CapPrm") || (userId !== 0 && ownSetpriv && has("CapBnd"))
}

/** The wrappers to try, the best one first. */
export const wrapperCandidates = (netAdmin: boolean): ReadonlyArray<Wrapper> => [
  ...(netAdmin ? [["setpriv", ...deathSignal, "--inh-caps", "+net_admin", "--ambient-caps", "+net_admin", "--"]] : []),
  [plainSetpriv, ...deathSignal, "--"],
  ["setpriv", ...deathSignal, "--"]
]

/** Where container images have Envoy. */
const defaultPath = "/usr/bin/envoy"

/** The paths at which Envoy is looked for, in order: only the configured one, else the default one, then those on `PATH`. */
export const envoyCandidates = (
  configured: string | undefined,
  searchPath: string | undefined
): readonly [string, ...ReadonlyArray<string>] => {
  if (configured !== undefined) return [configured]
  const folders = (searchPath ?? "").split(":").filter((folder) => folder !== "")
  return [defaultPath, ...folders.map((folder) => `${folder}/envoy`)]
}

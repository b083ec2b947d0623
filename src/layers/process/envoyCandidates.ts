/** Where images have Envoy. */
const usualPath = "/usr/bin/envoy"

/** Where Envoy may be, the first that is there wins: the path asked for alone, else the usual one, else on `PATH`. */
export const envoyCandidates = (
  asked: string | undefined,
  searchPath: string | undefined
): readonly [string, ...ReadonlyArray<string>] => {
  if (asked !== undefined) return [asked]
  const folders = (searchPath ?? "").split(":").filter((folder) => folder !== "")
  return [usualPath, ...folders.map((folder) => `${folder}/envoy`)]
}

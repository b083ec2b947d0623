// A parser of the Prometheus text format that has nothing in common with the agent's own: regular expressions on lines.

export interface Sample {
  readonly name: string
  readonly labels: string
  readonly value: number
}

const number = (text: string) =>
  text === "+Inf" ? Number.POSITIVE_INFINITY : text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text)

const pattern = /^\s*([a-zA-Z_:][\w:]*)(\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\})?[ \t]+(\S+)/

/** Every sample, in order. */
export const samples = (text: string): ReadonlyArray<Sample> =>
  text.split(/\r?\n/).flatMap((line) => {
    const [, name, labels = "", value = ""] = line.startsWith("#") ? [] : (pattern.exec(line) ?? [])
    return name === undefined ? [] : [{ name, labels, value: number(value) }]
  })

/** The text of each family, by the name that its TYPE line gives. */
export const families = (text: string): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  let family = ""
  for (const line of text.split("\n")) {
    const [, name] = /^# TYPE (\S+)/.exec(line) ?? []
    if (name !== undefined) family = name
    if (line.trim() === "") continue
    found.set(family, found.has(family) ? `${found.get(family)}\n${line}` : line)
  }
  return found
}

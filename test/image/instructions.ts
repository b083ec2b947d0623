/** One instruction of a Dockerfile. */
export interface Instruction {
  /** The number of its first line, from 1. */
  readonly line: number
  readonly name: string
  readonly text: string
}

/** The instructions, with continued lines joined and without comments. */
export const parseInstructions = (dockerfile: string): ReadonlyArray<Instruction> => {
  const found: Array<Instruction> = []
  let open: { readonly line: number; text: string } | undefined
  for (const [i, line] of dockerfile.split("\n").entries()) {
    if (/^\s*#/.test(line) || line.trim() === "") continue
    open ??= { line: i + 1, text: "" }
    open.text += line.replace(/\\$/, "").trim()
    if (line.endsWith("\\")) {
      open.text += " "
      continue
    }
    const [, name, text] = /^([A-Z]+)\s+(.*)$/.exec(open.text) ?? []
    if (name === undefined || text === undefined) throw new Error(`line ${open.line}: no instruction: ${open.text}`)
    found.push({ line: open.line, name, text: text.trim() })
    open = undefined
  }
  return found
}

import { printableLine } from "../../services/foreignText.ts"

export { printableLine }

/** The same for a text of several lines, which it keeps apart. JSON stays the same JSON. */
export const printableLines = (text: string): string => text.split("\n").map(printableLine).join("\n")

const longestQuote = 60

/** A word of the command line as an error message quotes it; a long one is cut. */
export const quoted = (word: string): string => {
  const characters = Array.from(word)
  const shown = characters.length > longestQuote ? `${characters.slice(0, longestQuote).join("")}…` : word
  return `"${printableLine(shown)}"`
}

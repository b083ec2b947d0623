/** Control characters, and invisible ones that reorder or break a line. */
const controlCharacters = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

const escaped = (character: string) => {
  if (character === "\n") return "\\n"
  if (character === "\r") return "\\r"
  if (character === "\t") return "\\t"
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("")
}

/** The text on one line, with control characters as `\n` or `\u001b`: nothing in it can act on a terminal. */
export const printableLine = (text: string): string => text.replace(controlCharacters, escaped)

/** The same for a text of several lines, which it keeps apart. JSON stays the same JSON. */
export const printableLines = (text: string): string => text.split("\n").map(printableLine).join("\n")

const longestQuote = 60

/** A word of the command line as an error message quotes it; a long one is cut. */
export const quoted = (word: string): string => {
  const characters = Array.from(word)
  const shown = characters.length > longestQuote ? `${characters.slice(0, longestQuote).join("")}…` : word
  return `"${printableLine(shown)}"`
}

// Text that Envoy, a management server or a metadata endpoint wrote. What it may hold is theirs to choose, so it is made safe
// where it enters. The container health check loads this module, so it imports nothing.

/** Control characters, halves of a character, and invisible ones that reorder or break a line. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

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
export const printableLine = (text: string): string => text.replace(unprintable, escaped)

/** The characters that are shown of a foreign text, at most. */
export const longestForeignText = 500

/** A foreign text as it may be shown, logged and answered: one printable line of at most `longest` characters. */
export const foreignLine = (text: string, longest: number = longestForeignText): string => {
  // No character gets shorter, so the rest cannot be shown. Only this much of a huge text is looked at.
  const beginning = text.trim().slice(0, longest + 1)
  const line = printableLine(beginning)
  if (line.length <= longest) return line
  let shown = ""
  for (const character of beginning) {
    const next = printableLine(character)
    if (shown.length + next.length >= longest) break
    shown += next
  }
  return `${shown}…`
}

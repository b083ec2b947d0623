const escaped = (character: string): string => {
  const inJson = JSON.stringify(character).slice(1, -1)
  // JSON leaves DEL and the control characters behind it as they are.
  return inJson === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : inJson
}

/** Escapes control characters, so that a message stays on one line whatever it quotes. */
export const onOneLine = (text: string): string => text.replace(/\p{Cc}/gu, escaped)

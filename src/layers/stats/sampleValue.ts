const specialValues: Readonly<Record<string, number>> = {
  "+inf": Number.POSITIVE_INFINITY,
  inf: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
  nan: Number.NaN
}

/** A sample's value as the exposition format writes it; undefined if the text is not a number. */
export const parseValue = (text: string): number | undefined => {
  const special = specialValues[text.toLowerCase()]
  if (special !== undefined) return special
  const value = Number(text)
  return text === "" || Number.isNaN(value) ? undefined : value
}

/** Writes a value so that `parseValue` reads the same value. */
export const formatValue = (value: number): string => {
  if (Number.isNaN(value)) return "NaN"
  if (Number.isFinite(value)) return `${value}`
  return value > 0 ? "+Inf" : "-Inf"
}

/** Bytes as a string of one character each. */
export const latin1 = (bytes: Uint8Array, start: number, end: number): string => {
  let text = ""
  for (let i = start; i < end; i += 1) text += String.fromCharCode(bytes[i] ?? 0)
  return text
}

/** `parseValue` of bytes. Most values have at most nine digits; those are read without making a string. */
export const parseValueAt = (bytes: Uint8Array, start: number, end: number): number | undefined => {
  if (end - start <= 9) {
    let value = 0
    let at = start
    for (; at < end; at += 1) {
      const digit = (bytes[at] ?? 0) - 48
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (at === end && end > start) return value
  }
  return parseValue(latin1(bytes, start, end))
}

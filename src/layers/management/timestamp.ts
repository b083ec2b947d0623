/** RFC 3339, in whole seconds. */
export const timestamp = (epochMillis: number): string => new Date(epochMillis).toISOString().replace(/\.\d+Z$/, "Z")

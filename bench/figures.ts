// The measured figures and their bounds.

export interface Bounds {
  /** The figure that is aimed at. */
  readonly aim?: number
  /** The figure above which the bench fails. */
  readonly most: number
}

let isWithinBounds = true

/** Prints a figure beside its bounds. */
export const figure = (name: string, value: number, unit: string, { aim, most }: Bounds): void => {
  // Not `value > most`: a figure that is no number is over its bound too.
  const isWithin = value <= most
  isWithinBounds &&= isWithin
  const bounds = aim === undefined ? `at most ${most}` : `aim ${aim}, at most ${most}`
  console.log(`${isWithin ? "ok  " : "OVER"}  ${name}: ${value.toFixed(2)} ${unit} (${bounds})`)
}

/** Prints what helps to understand a figure and has no bound. */
export const note = (text: string): void => console.log(`      ${text}`)

/** Whether no figure so far is over its bound. */
export const allWithinBounds = (): boolean => isWithinBounds

export const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

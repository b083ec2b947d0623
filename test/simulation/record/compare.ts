import type { Observed, Series, Trace } from "./trace.ts"

/** A value and the time that it lasts. */
interface Segment<A> {
  readonly value: A
  readonly from: number
  readonly to: number
}

const segmentsOf = <A>(series: Series<A>, end: number): ReadonlyArray<Segment<A>> =>
  series.map(([from, value], i) => ({ value, from, to: series[i + 1]?.[0] ?? end }))

/**
 * Why a series of the model is not that of the trace: each value of the trace must come in the same order, within the tolerance,
 * and no other value may last longer than that.
 */
export const differenceOfSeries = <A>(
  trace: Series<A>,
  model: Series<A>,
  { end, tolerance }: { readonly end: number; readonly tolerance: number }
): string | undefined => {
  const real = segmentsOf(trace, end)
  const modelled = segmentsOf(model, end)
  const matched = new Set<Segment<A>>()
  let at = 0
  for (const segment of real) {
    const fits = ({ from, to, value }: Segment<A>) =>
      value === segment.value && from <= segment.from + tolerance && to >= segment.from - tolerance
    const found = modelled.findIndex((one, i) => i >= at && fits(one))
    const one = modelled[found]
    if (one === undefined) {
      // What was seen for a moment may be missed, if it was so short.
      if (segment.to - segment.from <= tolerance) continue
      return `no ${segment.value} at ${segment.from} (model: ${JSON.stringify(model.slice(0, 12))})`
    }
    at = found
    matched.add(one)
  }
  for (const segment of modelled) {
    const lasts = Math.min(segment.to, end) - segment.from
    const isSeen = real.some(
      ({ from, to, value }) =>
        value === segment.value && from <= segment.from + tolerance && to >= Math.min(segment.to, end) - tolerance
    )
    if (!matched.has(segment) && lasts > 2 * tolerance && !isSeen) {
      return `${segment.value} from ${segment.from} to ${segment.to} is not in the trace ${JSON.stringify(trace.slice(0, 12))}`
    }
  }
  return undefined
}

/** Why a series that grows with the machine's speed is not like that of the trace: it begins and ends to grow elsewhere. */
const differenceOfGrowth = (trace: Series<number>, model: Series<number>, tolerance: number): string | undefined => {
  const bounds = (series: Series<number>) => [
    series.find(([, value]) => value > 0)?.[0] ?? -1,
    series.at(-1)?.[0] ?? -1
  ]
  const real = bounds(trace)
  const modelled = bounds(model)
  const isNear = real.every((time, i) => Math.abs(time - (modelled[i] ?? -1)) <= tolerance)
  return isNear ? undefined : `grows from ${modelled[0]} to ${modelled[1]}, not from ${real[0]} to ${real[1]}`
}

/** Everything in which the model's observations are not those of a trace. */
export const differences = ({ observed: real, scenario }: Trace, model: Observed): ReadonlyArray<string> => {
  const { lasts: end, tolerance, unsteady = [] } = scenario
  const found: Array<string> = []
  const note = (what: string, difference: string | undefined) => {
    if (difference !== undefined) found.push(`${what}: ${difference}`)
  }
  note("/ready", differenceOfSeries(real.ready, model.ready, { end, tolerance }))
  for (const [name, series] of Object.entries(real.stats)) {
    const modelled = model.stats[name]
    if (modelled === undefined) note(name, `the model has none, the trace ${JSON.stringify(series.slice(0, 6))}`)
    else if (unsteady.includes(name)) note(name, differenceOfGrowth(series, modelled, tolerance))
    else note(name, differenceOfSeries(series, modelled, { end, tolerance }))
  }
  for (const [name, series] of Object.entries(model.stats)) {
    const isTelling = series.some(([, value]) => value !== 0)
    if (isTelling && real.stats[name] === undefined) {
      note(name, differenceOfSeries<number>([[series[0]?.[0] ?? 0, 0]], series, { end, tolerance }))
    }
  }
  const answer = ({ body, status }: { readonly body: string; readonly status: number }) => `${status} ${body}`
  for (const one of real.answers) {
    const other = model.answers.find(({ step }) => step === one.step)
    if (other === undefined) note(`step ${one.step}`, "the model gives no answer")
    else if (answer(one) !== answer(other)) note(`step ${one.step}`, `${answer(other)} instead of ${answer(one)}`)
    else if (Math.abs(one.took - other.took) > tolerance)
      note(`step ${one.step}`, `took ${other.took}, not ${one.took} ms`)
  }
  const [realAt = 0, realHow] = real.exit ?? []
  const [modelAt = 0, modelHow] = model.exit ?? []
  if (realHow !== modelHow || Math.abs(realAt - modelAt) > tolerance) {
    note("exit", `${modelHow} at ${modelAt} instead of ${realHow} at ${realAt}`)
  }
  if (real.words.join("\n") !== model.words.join("\n")) {
    note("output", `${JSON.stringify(model.words)} instead of ${JSON.stringify(real.words)}`)
  }
  return found
}

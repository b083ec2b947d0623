let isSmall = false

/**
 * V8 lets the young generation grow under load, by more than all of the agent. Said before the first long answer or the
 * first flood of lines: at the start it would cost time, and compiled code that was made under other flags.
 */
export const keepHeapSmall = (): void => {
  if (isSmall) return
  isSmall = true
  process.getBuiltinModule("node:v8").setFlagsFromString("--semi-space-growth-factor=1")
}

/**
 * Gives back what only the start needed: most of it compiled code, which comes with the program and is asked for again where
 * it is used. Takes some 40 ms, in which nothing else happens.
 */
export const giveBackStart = (): void => {
  process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc")
  process.getBuiltinModule("node:vm").runInNewContext("gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })")
}

/** How busy this process has been since the last time that it was asked, from 0 to 1. */
export const makeBusyness = (): (() => number) => {
  let last = performance.eventLoopUtilization()
  return () => {
    const before = last
    last = performance.eventLoopUtilization()
    return performance.eventLoopUtilization(last, before).utilization
  }
}

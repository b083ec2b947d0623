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

/** The signals that ask for a stop. */
export const stopSignals = ["SIGTERM", "SIGQUIT", "SIGINT", "SIGHUP"] as const
export type StopSignal = (typeof stopSignals)[number]

/** Signals at which the agent does nothing: without a handler they end a process, and SIGUSR1 opens Node's debugger. */
export const ignoredSignals = ["SIGUSR1", "SIGUSR2"] as const
export type IgnoredSignal = (typeof ignoredSignals)[number]

export const handledSignals = [...stopSignals, ...ignoredSignals] as const
export type HandledSignal = StopSignal | IgnoredSignal

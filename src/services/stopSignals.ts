/** The signals that ask for a stop. */
export const stopSignals = ["SIGTERM", "SIGQUIT", "SIGINT"] as const
export type StopSignal = (typeof stopSignals)[number]

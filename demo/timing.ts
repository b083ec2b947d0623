// Waiting, with an end that comes from outside.

/** Resolves after this time, or as soon as the signal is aborted. */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener("abort", done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener("abort", done, { once: true })
  })

/** A signal that is aborted after this time; without one, never. */
export const deadline = (seconds: number | undefined): AbortSignal => {
  const controller = new AbortController()
  if (seconds !== undefined) setTimeout(() => controller.abort(), seconds * 1000).unref()
  return controller.signal
}

import { setTimeout as sleep } from "node:timers/promises"

export const pause = (milliseconds: number): Promise<void> => sleep(milliseconds)

/** Milliseconds since 1970, in fractions, from a clock that never goes back. */
export const now = (): number => performance.timeOrigin + performance.now()

/** Calls `look` every 2 ms until it finds something. */
export const until = async <A>(look: () => A | undefined | false | Promise<A | undefined | false>): Promise<A> => {
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await pause(2)
  }
}

import { execFile } from "node:child_process"
import * as fs from "node:fs"
import { Effect, Layer, Option, Result } from "effect"
import { EnvoyWrapper } from "../../services/EnvoyWrapper.ts"
import { holdsNetAdmin, type Wrapper, wrapperCandidates } from "./wrapper.ts"

const readText = (path: string) => Effect.option(Effect.try(() => fs.readFileSync(path, "latin1")))

const works = (wrapper: Wrapper) =>
  Effect.callback<boolean>((resume) => {
    const [command = "", ...words] = wrapper
    const answer = (works: boolean) => resume(Effect.succeed(works))
    // Node throws where the kernel refuses to start a program (EPERM), and calls back where there is none.
    const started = Result.try(() =>
      execFile(command, [...words, "true"], { timeout: 2000 }, (error) => answer(error === null))
    )
    if (Result.isFailure(started)) return answer(false)
    return Effect.sync(() => {
      started.success.kill("SIGKILL")
    })
  })

/** The best wrapper that this machine allows: tried once, with one warning where the best of all does not work. */
const chooseWrapper = Effect.gen(function* () {
  const status = yield* readText("/proc/self/status")
  const netAdmin = Option.isSome(status) && holdsNetAdmin(status.value, process.getuid?.() ?? 0)
  const candidates = wrapperCandidates(netAdmin)
  for (const [rank, wrapper] of candidates.entries()) {
    if (!(yield* works(wrapper))) continue
    if (netAdmin && rank > 0) yield* Effect.logWarning("setpriv cannot hand NET_ADMIN on: Envoy runs without it")
    return wrapper
  }
  yield* Effect.logWarning(
    "setpriv does not work here: Envoy would outlive an agent that is killed with SIGKILL" +
      (netAdmin ? ", and runs without NET_ADMIN" : "")
  )
  return []
})

/** Chosen while the layers above this one are still being built. */
export const EnvoyWrapperLive = Layer.effect(
  EnvoyWrapper,
  Effect.gen(function* () {
    const words = yield* Effect.cached(chooseWrapper)
    yield* Effect.forkScoped(words)
    return EnvoyWrapper.of({ words })
  })
)

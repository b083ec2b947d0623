import { Effect, Ref } from "effect"
import { makeAnonymousPipe } from "./anonymousPipe.ts"
import { closeEnds, type Fifo, FifoFailed, makeFifos } from "./fifo.ts"

const makeAnonymousPipes = Effect.fnUntraced(function* (count: number) {
  const made = yield* Ref.make<ReadonlyArray<Fifo>>([])
  const add = Effect.uninterruptible(
    Effect.flatMap(makeAnonymousPipe, (pipe) => Ref.update(made, (pipes) => [...pipes, pipe]))
  )
  yield* Effect.replicateEffect(add, count, { discard: true }).pipe(
    Effect.onError(() => Effect.map(Ref.get(made), (pipes) => pipes.forEach(closeEnds)))
  )
  return yield* Ref.get(made)
})

/**
 * A pipe for each of `count` paths. A FIFO is quicker, but needs the folder. Envoy must have a pipe in any case: its output
 * cannot be led elsewhere once it runs, as to a log file that can be written again.
 */
export const makeOutputPipes = (
  paths: Effect.Effect<ReadonlyArray<string>, FifoFailed>,
  count: number
): Effect.Effect<ReadonlyArray<Fifo>, FifoFailed> =>
  Effect.catch(Effect.flatMap(paths, makeFifos), (noFifo) =>
    Effect.logDebug(`no FIFO for Envoy's output (${noFifo.problem}): it is an anonymous pipe`).pipe(
      Effect.andThen(makeAnonymousPipes(count)),
      Effect.mapError((noPipe) => new FifoFailed({ problem: `${noFifo.problem}; nor a pipe: ${noPipe.problem}` }))
    )
  )

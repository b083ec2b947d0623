import type { Effect, Option } from "effect"
import type { EnvoyEnd, LaunchedEnvoy, ProcessSample } from "../../services/EnvoyLauncher.ts"
import type { EnvoyState } from "../../services/EnvoyProcess.ts"

/** A running Envoy, and how to look at it in /proc. */
export interface SupervisedProcess {
  readonly launched: LaunchedEnvoy
  readonly sample: Effect.Effect<Option.Option<ProcessSample>>
}

/** All that is known of the supervised Envoy. It is held in one ref, and every step below is one atomic change of it. */
export interface Supervision {
  readonly state: EnvoyState
  /** Undefined while there is no process. */
  readonly process: SupervisedProcess | undefined
}

export const initialSupervision: Supervision = { state: { _tag: "Starting", epoch: 0 }, process: undefined }

const isFinal = ({ _tag }: EnvoyState) => _tag === "Stopped" || _tag === "Failed"

/** Whether an end of Envoy is what was asked for. */
export const isEndExpected = ({ state }: Supervision): boolean => state._tag === "Draining" || isFinal(state)

/** A start: the first one has epoch 0, one after an exit the next. Undefined where none may follow. */
export const starting = ({ process, state }: Supervision): Supervision | undefined => {
  if (state._tag === "Exited") return { state: { _tag: "Starting", epoch: state.epoch + 1 }, process }
  return state._tag === "Starting" ? { state, process } : undefined
}

/** The process runs. Undefined where a stop was asked for meanwhile: then the process must be ended. */
export const running = ({ state }: Supervision, process: SupervisedProcess, since: number): Supervision | undefined =>
  state._tag === "Starting"
    ? { state: { _tag: "Running", epoch: state.epoch, pid: process.launched.pid, since }, process }
    : undefined

/** The process has ended, or could not be started again. */
export const exited = ({ state }: Supervision, exit: EnvoyEnd): Supervision => {
  const { epoch } = state
  if (isFinal(state)) return { state, process: undefined }
  return {
    state: state._tag === "Draining" ? { _tag: "Stopped", epoch } : { _tag: "Exited", epoch, exit },
    process: undefined
  }
}

export const draining = (before: Supervision): Supervision => {
  const { process, state } = before
  if (state._tag === "Draining" || isFinal(state)) return before
  return { state: { _tag: "Draining", epoch: state.epoch, pid: process?.launched.pid }, process }
}

export const stopped = ({ process, state }: Supervision): Supervision => ({
  state: isFinal(state) ? state : { _tag: "Stopped", epoch: state.epoch },
  process
})

export const failed = ({ process, state }: Supervision, reason: string): Supervision => ({
  state: isFinal(state) ? state : { _tag: "Failed", epoch: state.epoch, reason },
  process
})

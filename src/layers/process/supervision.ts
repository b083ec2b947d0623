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
  /** Whether the agent has told the process to end, or is about to. While Envoy is only drained, it has not. */
  readonly isToldToEnd: boolean
}

export const initialSupervision: Supervision = {
  state: { _tag: "Starting", epoch: 0 },
  process: undefined,
  isToldToEnd: false
}

const isFinal = ({ _tag }: EnvoyState) => _tag === "Stopped" || _tag === "Failed"

/** Whether no start of Envoy may follow its end. */
export const isLastLife = ({ state }: Supervision): boolean => state._tag === "Draining" || isFinal(state)

/** A start: the first one has epoch 0, one after an exit the next. Undefined where none may follow. */
export const starting = (before: Supervision): Supervision | undefined => {
  const { state } = before
  if (state._tag === "Exited") return { ...before, state: { _tag: "Starting", epoch: state.epoch + 1 } }
  return state._tag === "Starting" ? before : undefined
}

/** The process runs. Undefined where a stop was asked for meanwhile: then the process must be ended. */
export const running = (before: Supervision, process: SupervisedProcess, since: number): Supervision | undefined =>
  before.state._tag === "Starting"
    ? { ...before, state: { _tag: "Running", epoch: before.state.epoch, pid: process.launched.pid, since }, process }
    : undefined

/** The process has ended, or could not be started again. */
export const exited = (before: Supervision, exit: EnvoyEnd): Supervision => {
  const { state } = before
  const { epoch } = state
  if (isFinal(state)) return { ...before, process: undefined }
  return {
    ...before,
    state: state._tag === "Draining" ? { _tag: "Stopped", epoch } : { _tag: "Exited", epoch, exit },
    process: undefined
  }
}

export const draining = (before: Supervision): Supervision => {
  const { process, state } = before
  if (state._tag === "Draining" || isFinal(state)) return before
  return { ...before, state: { _tag: "Draining", epoch: state.epoch, pid: process?.launched.pid } }
}

/** A stop: the process is about to be told to end. */
export const ending = (before: Supervision): Supervision => ({ ...draining(before), isToldToEnd: true })

export const stopped = (before: Supervision): Supervision =>
  isFinal(before.state) ? before : { ...before, state: { _tag: "Stopped", epoch: before.state.epoch } }

export const failed = (before: Supervision, reason: string): Supervision =>
  isFinal(before.state) ? before : { ...before, state: { _tag: "Failed", epoch: before.state.epoch, reason } }

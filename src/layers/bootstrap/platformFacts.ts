import { Effect } from "effect"
import { InstanceMetadata, noInstanceFacts, noTaskFacts, TaskMetadata } from "../../services/Metadata.ts"
import type { AgentMode } from "../../services/Setting.ts"
import type { Settings } from "../../services/Settings.ts"
import { isPod } from "../platform/kubernetesPod.ts"

/** EC2 is asked for the region if the mode needs one and none is set, and for the zone of a Kubernetes pod. */
const needsInstanceFacts = (mode: AgentMode, settings: Settings): boolean => {
  switch (mode) {
    case "standalone":
      return false
    case "relay":
      return settings.AWS_REGION === undefined
    case "app mesh":
      return settings.AWS_REGION === undefined || isPod(settings)
    case "service connect":
      return isPod(settings)
  }
}

/** Only a management server of AWS is sent facts about the task. */
const needsTaskFacts = (mode: AgentMode): boolean => mode === "app mesh" || mode === "service connect"

/** Requests the facts that a mode needs from the metadata endpoints, from all at the same time. */
export const collectPlatformFacts = Effect.fnUntraced(function* (mode: AgentMode, settings: Settings) {
  const task = yield* TaskMetadata
  const instance = yield* InstanceMetadata
  return yield* Effect.all(
    {
      task: needsTaskFacts(mode) ? task.collect : Effect.succeed({ facts: noTaskFacts, warnings: [] }),
      instance: needsInstanceFacts(mode, settings)
        ? instance.collect
        : Effect.succeed({ facts: noInstanceFacts, warnings: [] })
    },
    { concurrency: "unbounded" }
  )
})

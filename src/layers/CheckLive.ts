import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Layer } from "effect"
import { StartCheckLive } from "./bootstrap/StartCheckLive.ts"
import { HostLive } from "./platform/HostLive.ts"
import { InstanceMetadataLive } from "./platform/InstanceMetadataLive.ts"
import { TaskMetadataLive } from "./platform/TaskMetadataLive.ts"
import { EnvoyBinaryLive } from "./process/EnvoyBinaryLive.ts"
import { EnvoyWrapperNone } from "./process/EnvoyWrapperLive.ts"

/**
 * Checks a start with these settings: it reads files, and asks Envoy and metadata endpoints, but starts nothing. Layers are shared
 * by default, so without `fresh` an agent that starts after this check would go on with an Envoy that is asked without a wrapper.
 */
export const CheckLive = StartCheckLive.pipe(
  Layer.provide(Layer.mergeAll(TaskMetadataLive, InstanceMetadataLive, HostLive)),
  Layer.provide(Layer.provide(EnvoyBinaryLive, EnvoyWrapperNone)),
  Layer.provide(NodeFileSystem.layer),
  Layer.fresh
)

import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Layer } from "effect"
import { BootstrapLive } from "./bootstrap/BootstrapLive.ts"
import { ConfigLive } from "./config/ConfigLive.ts"
import { ConnectionDiagnosisLive } from "./diagnosis/ConnectionDiagnosisLive.ts"
import { ManagementServerProbeLive } from "./diagnosis/ManagementServerProbeLive.ts"
import { EnvoyLive } from "./EnvoyLive.ts"
import { LocalRelayLive } from "./LocalRelayLive.ts"
import { LogFilesLive } from "./logs/LogFilesLive.ts"
import { LoggerInForce, LoggerToDestination } from "./logs/LoggerLive.ts"
import { LogLevelsLive } from "./management/LogLevelsLive.ts"
import { ManagementServerLive } from "./management/server/ManagementServerLive.ts"
import { HostLive } from "./platform/HostLive.ts"
import { InstanceMetadataLive } from "./platform/InstanceMetadataLive.ts"
import { TaskMetadataLive } from "./platform/TaskMetadataLive.ts"
import * as EnvoyBinary from "./process/EnvoyBinaryLive.ts"
import { EnvoyWrapperLive } from "./process/EnvoyWrapperLive.ts"
import type { VersionQuestion } from "./process/earlyStart.ts"
import { SnapshotterLive } from "./stats/SnapshotterLive.ts"

/** What all other layers stand on, and what is released last: the settings, and the log as they ask for it. */
export const groundLayer = LoggerToDestination.pipe(
  Layer.provideMerge(Layer.provide(LogFilesLive, LoggerInForce)),
  Layer.provideMerge(ConfigLive)
)

/** Needs `groundLayer`. Read from the bottom: each line may use all lines below it, and is released before them. */
export const layerAsking = (asked: VersionQuestion | undefined) =>
  ManagementServerLive.pipe(
    Layer.provideMerge(SnapshotterLive),
    Layer.provideMerge(LogLevelsLive),
    Layer.provideMerge(ConnectionDiagnosisLive),
    Layer.provideMerge(ManagementServerProbeLive),
    Layer.provideMerge(EnvoyLive),
    Layer.provideMerge(LocalRelayLive),
    Layer.provideMerge(EnvoyWrapperLive),
    Layer.provideMerge(BootstrapLive),
    Layer.provideMerge(TaskMetadataLive),
    Layer.provideMerge(InstanceMetadataLive),
    Layer.provideMerge(EnvoyBinary.layerAsking(asked)),
    Layer.provideMerge(HostLive),
    Layer.provideMerge(NodeFileSystem.layer)
  )

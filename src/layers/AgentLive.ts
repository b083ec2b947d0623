import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Layer } from "effect"
import { AdminClientLive } from "./AdminClientLive.ts"
import { BootstrapFileLive } from "./BootstrapFileLive.ts"
import { BootstrapLive } from "./BootstrapLive.ts"
import { ConfigLive } from "./ConfigLive.ts"
import { ConnectionDiagnosisLive } from "./ConnectionDiagnosisLive.ts"
import * as EnvoyBinary from "./EnvoyBinaryLive.ts"
import { EnvoyLauncherLive } from "./EnvoyLauncherLive.ts"
import { EnvoyOutputLive } from "./EnvoyOutputLive.ts"
import { EnvoyProcessLive } from "./EnvoyProcessLive.ts"
import { EnvoyWrapperLive } from "./EnvoyWrapperLive.ts"
import { HealthMonitorLive } from "./HealthMonitorLive.ts"
import { HostLive } from "./HostLive.ts"
import { InstanceMetadataLive } from "./InstanceMetadataLive.ts"
import { LocalRelayLive } from "./LocalRelayLive.ts"
import { LogFilesLive } from "./LogFilesLive.ts"
import { LoggerInForce, LoggerToDestination } from "./LoggerLive.ts"
import { LogLevelsLive } from "./LogLevelsLive.ts"
import { ManagementServerLive } from "./ManagementServerLive.ts"
import { ManagementServerProbeLive } from "./ManagementServerProbeLive.ts"
import type { VersionQuestion } from "./process/headStart.ts"
import { SideFilesLive } from "./SideFilesLive.ts"
import { SnapshotterLive } from "./SnapshotterLive.ts"
import { StartMemoryLive } from "./StartMemoryLive.ts"
import { TaskMetadataLive } from "./TaskMetadataLive.ts"

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
    Layer.provideMerge(StartMemoryLive),
    Layer.provideMerge(HealthMonitorLive),
    Layer.provideMerge(EnvoyProcessLive),
    Layer.provideMerge(EnvoyLauncherLive),
    Layer.provideMerge(EnvoyOutputLive),
    Layer.provideMerge(AdminClientLive),
    Layer.provideMerge(BootstrapFileLive),
    Layer.provideMerge(SideFilesLive),
    Layer.provideMerge(LocalRelayLive),
    Layer.provideMerge(EnvoyWrapperLive),
    Layer.provideMerge(BootstrapLive),
    Layer.provideMerge(TaskMetadataLive),
    Layer.provideMerge(InstanceMetadataLive),
    Layer.provideMerge(EnvoyBinary.layerAsking(asked)),
    Layer.provideMerge(HostLive),
    Layer.provideMerge(NodeFileSystem.layer)
  )

import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Layer } from "effect"
import { BootstrapOfStartLive, ConfigOfStartLive, StartCheckLive } from "./bootstrap/StartCheckLive.ts"
import { CheckLive } from "./CheckLive.ts"
import { UncheckedConfigLive } from "./config/ConfigLive.ts"
import { ConnectionDiagnosisLive } from "./diagnosis/ConnectionDiagnosisLive.ts"
import { ManagementServerProbeLive } from "./diagnosis/ManagementServerProbeLive.ts"
import { EnvoyLive } from "./EnvoyLive.ts"
import { RunFolderLive } from "./files/RunFolderLive.ts"
import { RejectedUpdatesLive } from "./health/RejectedUpdatesLive.ts"
import { LocalRelayLive } from "./LocalRelayLive.ts"
import { LogFilesLive } from "./logs/LogFilesLive.ts"
import { DestinationLoggerLive, StderrLoggerLive } from "./logs/LoggerLive.ts"
import { ListenerDrainLive } from "./management/ListenerDrainLive.ts"
import { LogLevelsLive } from "./management/LogLevelsLive.ts"
import { StatsSlotsLive } from "./management/StatsSlotsLive.ts"
import { ManagementServerLive } from "./management/server/ManagementServerLive.ts"
import { HostLive } from "./platform/HostLive.ts"
import { InstanceMetadataLive } from "./platform/InstanceMetadataLive.ts"
import { TaskMetadataLive } from "./platform/TaskMetadataLive.ts"
import { ConfiguredLogLevelLive } from "./process/ConfiguredLogLevelLive.ts"
import { EnvoyBinaryLive } from "./process/EnvoyBinaryLive.ts"
import * as EnvoyWrapper from "./process/EnvoyWrapperLive.ts"
import type { EarlyStart } from "./process/earlyStart.ts"
import * as Signals from "./process/SignalsLive.ts"
import { SnapshotterLive } from "./stats/SnapshotterLive.ts"

/** The settings, and the log as they configure it. Built first and released last, so that the log has the agent's last line. */
export const ConfigAndLogLive = DestinationLoggerLive.pipe(
  Layer.provideMerge(Layer.provide(LogFilesLive, StderrLoggerLive)),
  Layer.provideMerge(ConfigOfStartLive.pipe(Layer.provide(CheckLive), Layer.provide(UncheckedConfigLive)))
)

/**
 * All services of `run`, on `ConfigAndLogLive`. Read from the bottom: each line may use all lines below it, and is released
 * before them.
 */
export const agentLive = ({ probe }: EarlyStart) =>
  ManagementServerLive.pipe(
    Layer.provideMerge(SnapshotterLive),
    Layer.provideMerge(StatsSlotsLive),
    Layer.provideMerge(LogLevelsLive),
    Layer.provideMerge(ListenerDrainLive),
    Layer.provideMerge(RejectedUpdatesLive),
    Layer.provideMerge(ConnectionDiagnosisLive),
    Layer.provideMerge(ManagementServerProbeLive),
    Layer.provideMerge(EnvoyLive),
    Layer.provideMerge(LocalRelayLive),
    Layer.provideMerge(ConfiguredLogLevelLive),
    Layer.provideMerge(Layer.provide(BootstrapOfStartLive, StartCheckLive)),
    Layer.provideMerge(TaskMetadataLive),
    Layer.provideMerge(InstanceMetadataLive),
    Layer.provideMerge(EnvoyBinaryLive),
    Layer.provideMerge(EnvoyWrapper.layerAfter(probe)),
    Layer.provideMerge(HostLive),
    Layer.provideMerge(RunFolderLive),
    Layer.provideMerge(NodeFileSystem.layer)
  )

/** Signals, those that came before this layer included. */
export const signalsLive = ({ signals }: EarlyStart) => Signals.layerWithEarlierSignals(signals.take)

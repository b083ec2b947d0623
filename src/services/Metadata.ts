import type { Effect } from "effect"
import { Context } from "effect"

/** What an endpoint told, and what it did not: one sentence each. */
export interface Collected<A> {
  readonly facts: A
  readonly warnings: ReadonlyArray<string>
}

export type IpFamilies = "IPv4_ONLY" | "IPv6_ONLY" | "ALL"

/** What ECS tells of the task; what it did not tell is undefined. */
export interface TaskFacts {
  readonly clusterArn: string | undefined
  readonly taskArn: string | undefined
  /** `us-west-2a`. */
  readonly availabilityZone: string | undefined
  /** `usw2-az2`: the same place for every account. */
  readonly availabilityZoneId: string | undefined
  /** CPU units (1024 are one core), as text. */
  readonly cpu: string | undefined
  /** Megabytes, as text. */
  readonly memory: string | undefined
  readonly ipFamilies: IpFamilies | undefined
}

/** What EC2 tells of the instance; what it did not tell is undefined. */
export interface InstanceFacts {
  readonly region: string | undefined
  readonly availabilityZone: string | undefined
  readonly availabilityZoneId: string | undefined
}

/** The ECS task metadata endpoint, version 4 or 3, where the platform names one. Answers within 2 s, whatever happens. */
export class TaskMetadata extends Context.Service<
  TaskMetadata,
  {
    readonly collect: Effect.Effect<Collected<TaskFacts>>
  }
>()("agent/TaskMetadata") {}

/** The EC2 instance metadata service, IMDSv2 first. Answers within 2 s, whatever happens. */
export class InstanceMetadata extends Context.Service<
  InstanceMetadata,
  {
    readonly collect: Effect.Effect<Collected<InstanceFacts>>
  }
>()("agent/InstanceMetadata") {}

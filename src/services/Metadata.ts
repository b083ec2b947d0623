import type { Effect } from "effect"
import { Context } from "effect"

/** The facts that a metadata endpoint gave, and one sentence for each request that failed. */
export interface Collected<A> {
  readonly facts: A
  readonly warnings: ReadonlyArray<string>
}

export type IpFamilies = "IPv4_ONLY" | "IPv6_ONLY" | "ALL"

/** Facts about the ECS task; undefined if the endpoint does not give them. */
export interface TaskFacts {
  readonly clusterArn: string | undefined
  readonly taskArn: string | undefined
  /** `us-west-2a`. */
  readonly availabilityZone: string | undefined
  /** `usw2-az2`. Unlike the name, it means the same zone in every AWS account. */
  readonly availabilityZoneId: string | undefined
  /** CPU units as text; 1024 are one core. */
  readonly cpu: string | undefined
  /** Megabytes as text. */
  readonly memory: string | undefined
  readonly ipFamilies: IpFamilies | undefined
}

export const noTaskFacts: TaskFacts = {
  clusterArn: undefined,
  taskArn: undefined,
  availabilityZone: undefined,
  availabilityZoneId: undefined,
  cpu: undefined,
  memory: undefined,
  ipFamilies: undefined
}

/** Facts about the EC2 instance; undefined if the endpoint does not give them. */
export interface InstanceFacts {
  readonly region: string | undefined
  readonly availabilityZone: string | undefined
  readonly availabilityZoneId: string | undefined
}

export const noInstanceFacts: InstanceFacts = {
  region: undefined,
  availabilityZone: undefined,
  availabilityZoneId: undefined
}

/**
 * The ECS task metadata endpoint, version 4 or 3. Where the platform names no endpoint, there are no facts and no
 * warnings. Takes at most 2 s.
 */
export class TaskMetadata extends Context.Service<
  TaskMetadata,
  {
    readonly collect: Effect.Effect<Collected<TaskFacts>>
  }
>()("agent/TaskMetadata") {}

/** The EC2 instance metadata service: IMDSv2, or IMDSv1 if it gives no token. Takes at most 2 s. */
export class InstanceMetadata extends Context.Service<
  InstanceMetadata,
  {
    readonly collect: Effect.Effect<Collected<InstanceFacts>>
  }
>()("agent/InstanceMetadata") {}

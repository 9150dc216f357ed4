import type { HostPorts } from "@metacircular/mcp-core/observed.ts";
import type { ComponentSpec, DesiredState, ObservedState } from "@metacircular/mcp-core/spec.ts";

/** Where an observation came from: a listing of the runtime, a watched directory, or the process table. */
export type ObservationSource = "runtime" | "watch" | "process" | "registry";

/** A container that was taken over from somebody else. */
export interface Adoption {
  readonly service: string;
  readonly component: string;
  /** `containerHash` of what was read from it when it was taken over. */
  readonly specHash: string;
}

/** A component as the registry holds it: what was declared, what is wanted, what was last observed. */
export interface ComponentRecord {
  readonly service: string;
  readonly spec: ComponentSpec;
  readonly desired: DesiredState;
  readonly hostPorts: HostPorts;
  readonly version: string;
  readonly imageDigest: string;
  /** `containerHash` of what its last container was made from, by a deploy or by whoever made it before it was taken
   * over; empty: it was never deployed, or nobody knows. */
  readonly deployedSpecHash: string;
  /** Id of the container that was taken over from somebody else; empty: MCP created it. */
  readonly adoptedContainer: string;
  readonly observed: Observation;
}

export interface Observation {
  readonly state: ObservedState;
  /** 0: never. */
  readonly atMs: number;
  readonly from: ObservationSource;
  readonly exitCode: number | undefined;
  /** 0: not running or not known. */
  readonly startedAtMs: number;
  /** Hash of the specification that its container is made from; empty: there is none, or nobody knows. */
  readonly specHash: string;
}

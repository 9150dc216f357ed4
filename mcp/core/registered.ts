import type { HostPorts } from "./observed.ts";
import type { ComponentSpec, DesiredState } from "./spec.ts";

/** A service as the registry holds it. */
export interface RegisteredService {
  readonly name: string;
  readonly active: boolean;
  readonly reconcile?: boolean | undefined;
  readonly components: readonly RegisteredComponent[];
}

export interface RegisteredComponent {
  readonly spec: ComponentSpec;
  readonly desired: DesiredState;
  readonly hostPorts: HostPorts;
  /** `containerHash` of what was last deployed; empty: nothing, or nobody knows. */
  readonly deployedSpecHash?: string;
}

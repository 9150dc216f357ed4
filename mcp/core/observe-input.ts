import type { DesiredState, ObservedState } from "./spec.ts";

/** A container as one listing of the runtime showed it. */
export interface SeenContainer {
  readonly name: string;
  /** What its labels say, where its name fits them; undefined for containers that MCP did not create. */
  readonly owner: ContainerOwner | undefined;
  readonly state: "created" | "running" | "paused" | "stopping" | "exited" | "unknown";
  /** True when the runtime says it runs and its process is gone: then the runtime is wrong. */
  readonly processGone: boolean;
  /** Meaningful when `state` is `exited`. */
  readonly exitCode: number;
  /** 0: never or not known. */
  readonly startedAtMs: number;
  /** 0 when it does not run. */
  readonly pid: number;
  readonly image: string;
  /** Hash of the specification it is made from; empty: not known. */
  readonly specHash: string;
  /** Empty: none or not known. */
  readonly network: string;
  readonly ports: readonly string[];
}

export interface ContainerOwner {
  readonly service: string;
  readonly component: string;
  /** Whether it is the component's container, rather than one beside it while that is being replaced. */
  readonly current: boolean;
}

/** A component as the registry held it before the listing. */
export interface KnownComponent {
  readonly service: string;
  readonly component: string;
  readonly desired: DesiredState;
  readonly image: string;
  readonly ports: readonly string[];
  /** Last observed state. */
  readonly state: ObservedState;
  /** When it had been started at that time; 0: it did not run, or not known. */
  readonly startedAtMs: number;
  /** Its process at that time; 0: it did not run, or not known. */
  readonly pid: number;
}

import type { HostPorts, Slot } from "./observed.ts";
import type { ComponentSpec, HealthSpec } from "./spec.ts";

/** One thing to do, as data. Every step is idempotent: after a crash it may run again. `component` is empty
 * for steps that concern the whole service. */
export type Step =
  | { readonly kind: "check-disk"; readonly component: "" }
  | { readonly kind: "create-service-directory"; readonly component: "" }
  | { readonly kind: "check-container-name"; readonly component: string }
  | { readonly kind: "check-network"; readonly component: string; readonly network: string }
  | { readonly kind: "check-volumes"; readonly component: string; readonly volumes: readonly string[] }
  | { readonly kind: "check-ports"; readonly component: string; readonly ports: readonly string[] }
  | { readonly kind: "pull-image"; readonly component: string; readonly image: string }
  | {
      readonly kind: "create-container";
      readonly component: string;
      readonly slot: Slot;
      readonly spec: ComponentSpec;
      readonly specHash: string;
      readonly hostPorts: HostPorts;
    }
  | { readonly kind: "start-container"; readonly component: string; readonly slot: Slot }
  | {
      readonly kind: "await-healthy";
      readonly component: string;
      readonly slot: Slot;
      readonly health: HealthSpec;
      readonly hostPorts: HostPorts;
      /** Route that is probed where the specification names none. */
      readonly firstRoute: string;
    }
  | { readonly kind: "stop-container"; readonly component: string; readonly slot: Slot }
  | { readonly kind: "rename-container"; readonly component: string; readonly from: Slot; readonly to: Slot }
  /** Fails where a container of the component runs. */
  | { readonly kind: "check-stopped"; readonly component: string }
  | {
      readonly kind: "remove-container";
      readonly component: string;
      readonly slot: Slot;
      /** Fails where it runs, instead of killing it. */
      readonly unlessRunning?: true;
    }
  | {
      readonly kind: "record-component";
      readonly component: string;
      readonly spec: ComponentSpec;
      readonly desired: "running" | "stopped";
    }
  | {
      readonly kind: "record-desired-state";
      readonly component: string;
      readonly desired: "running" | "stopped";
    }
  /** What is declared of it changes; its container stays as it is. */
  | {
      readonly kind: "record-declaration";
      readonly component: string;
      readonly spec: ComponentSpec;
      readonly desired: "running" | "stopped";
    }
  /** A container that somebody else created becomes the component's. */
  | {
      readonly kind: "record-adoption";
      readonly component: string;
      readonly containerId: string;
      readonly spec: ComponentSpec;
      readonly desired: "running" | "stopped";
    }
  /** `history`: with all that is recorded of its past, but for operations and events. */
  | { readonly kind: "forget-component"; readonly component: string; readonly history?: true }
  | {
      readonly kind: "record-service";
      readonly component: "";
      readonly active: boolean;
      readonly reconcile?: boolean | undefined;
    }
  | { readonly kind: "forget-service"; readonly component: ""; readonly history?: true }
  | { readonly kind: "record-revision"; readonly component: "" };

export type StepKind = Step["kind"];
export type StepOf<Kind extends StepKind> = Extract<Step, { kind: Kind }>;

/** Steps that cannot hurt what runs. A plan does all of them before any other. */
export const harmlessKinds: ReadonlySet<StepKind> = new Set([
  "check-disk",
  "create-service-directory",
  "check-container-name",
  "check-network",
  "check-volumes",
  "check-ports",
  "pull-image",
]);

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
  | {
      readonly kind: "pull-image";
      readonly component: string;
      readonly image: string;
      /** Also where there is one of that name. */
      readonly refresh?: true;
    }
  | {
      readonly kind: "create-container";
      readonly component: string;
      readonly slot: Slot;
      /** What it is made from where the name in the specification may mean another image by now: an image's id, or a
       * reference with a digest. */
      readonly image?: string;
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
  | { readonly kind: "record-revision"; readonly component: "" }
  /** Fails where another service has one of the routes, or the proxy does not serve its port. */
  | { readonly kind: "check-routes"; readonly component: string; readonly routes: readonly CheckedRoute[] }
  | { readonly kind: "provision-certificate"; readonly component: string; readonly hostname: string }
  | ({
      readonly kind: "register-route";
      readonly component: string;
      /** Name of the route in the definition. */
      readonly route: string;
      /** `address:port` */
      readonly backend: string;
      /** Backend that runs and that the route leads to until now: the step fails where the route cannot be moved. */
      readonly movesFrom?: string;
    } & CheckedRoute)
  | {
      readonly kind: "remove-route";
      readonly component: string;
      readonly port: number;
      readonly hostname: string;
    }
  /** Waits until nothing is connected to it any more, or the time is over. */
  | { readonly kind: "drain-backend"; readonly component: string; readonly backend: string }
  | NamingStep<"set-dns">
  /** Leaves a record alone that has another address meanwhile. */
  | NamingStep<"remove-dns">
  | { readonly kind: "remove-certificate"; readonly component: string; readonly hostname: string };

/** A route by what the proxy tells it apart, and how it treats it. */
export interface CheckedRoute {
  /** Public port. */
  readonly port: number;
  readonly hostname: string;
  readonly mode: "l4" | "l7";
}

interface NamingStep<Kind> {
  readonly kind: Kind;
  readonly component: string;
  readonly hostname: string;
  readonly address: string;
}

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
  "check-routes",
  "pull-image",
  "provision-certificate",
]);

/** Steps outside of the node's containers and its registry. */
export const edgeKinds: ReadonlySet<StepKind> = new Set([
  "check-routes",
  "provision-certificate",
  "register-route",
  "remove-route",
  "drain-backend",
  "set-dns",
  "remove-dns",
  "remove-certificate",
]);

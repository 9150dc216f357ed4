/** What the operator declares, validated and with defaults filled in. One shape for the definition file,
 * the wire, the registry and the planner. */

/** A service: components that share a node and a data directory. */
export interface ServiceSpec {
  readonly name: string;
  /** Node the definition names; empty where the source does not say. */
  readonly node: string;
  /** True: components should run. False: they should be stopped. */
  readonly active: boolean;
  /** Whether the agent repairs drift by itself; undefined: as the agent is configured. */
  readonly reconcile?: boolean | undefined;
  readonly components: readonly ComponentSpec[];
}

/** One container of a service. Lists are in the operator's order. */
export interface ComponentSpec {
  readonly name: string;
  /** Full reference with an explicit tag. */
  readonly image: string;
  /** Name of a container network; empty: the runtime's default. */
  readonly network: string;
  /** `uid[:gid]` or name; empty: the image's. */
  readonly user: string;
  /** `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:N`. */
  readonly restart: string;
  /** `[address:]host:container[/protocol]` */
  readonly ports: readonly string[];
  /** `source:destination[:options]` */
  readonly volumes: readonly string[];
  readonly cmd: readonly string[];
  /** `KEY=VALUE` */
  readonly env: readonly string[];
  readonly routes: readonly RouteSpec[];
  readonly health: HealthSpec;
  readonly update: UpdateStrategy;
}

export type UpdateStrategy = "auto" | "start-first" | "stop-first";

export interface RouteSpec {
  /** Empty for the one unnamed route, whose host port is `$PORT`; else `$PORT_<NAME>`. */
  readonly name: string;
  /** Public port. */
  readonly port: number;
  readonly mode: "l4" | "l7";
  /** Empty: `<service>.<zone>` */
  readonly hostname: string;
}

export interface HealthSpec {
  readonly probe: HealthProbe;
  /** Time between two probes. */
  readonly intervalMs: number;
  /** Time allowed for one probe. */
  readonly timeoutMs: number;
  /** Time allowed from start to healthy. */
  readonly deadlineMs: number;
  /** With probe `settle`: how long the container must keep running. */
  readonly settleMs: number;
}

/** `route` names the route that is probed; empty: the component's first. */
export type HealthProbe =
  | { readonly kind: "settle" }
  | { readonly kind: "http"; readonly path: string; readonly route: string }
  | { readonly kind: "tcp"; readonly route: string }
  | { readonly kind: "cmd"; readonly argv: readonly string[] };

/** Used where a definition does not say. */
export const defaultHealth: HealthSpec = {
  probe: { kind: "settle" },
  intervalMs: 500,
  timeoutMs: 5_000,
  deadlineMs: 60_000,
  settleMs: 3_000,
};

/** What the operator wants of a component. `ignore`: seen, but not ours. */
export type DesiredState = "running" | "stopped" | "ignore";

/** What the container runtime reports of a component. */
export type ObservedState = "running" | "stopped" | "exited" | "removed" | "unknown";

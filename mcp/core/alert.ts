import type { DesiredState, ObservedState } from "./spec.ts";

/** What can be wrong with a component. `drift`: it is not in the state it should be in. `flapping`: it keeps
 * changing its state. `crash-loop`: it ends again and again soon after its start. `gave-up`: the agent has stopped
 * trying to repair it. `edge`: a route, a name or a certificate of it has been missing for a while. `certificate`: its
 * certificate cannot be renewed. */
export type AlertType = "drift" | "flapping" | "crash-loop" | "gave-up" | "edge" | "certificate";

interface AlertFacts {
  readonly atMs: number;
  readonly service: string;
  readonly component: string;
  readonly desired: DesiredState;
  readonly observed: ObservedState;
  /** State before the latest change; the same as `observed` where no change was seen. */
  readonly previous: ObservedState;
  /** Changes of state within the flap window. */
  readonly transitions: number;
}

/** Something an operator should know: that it holds at `atMs`. */
export type Alert = AlertFacts & { readonly type: AlertType };

/** The end of what was announced. Its `desired` is `ignore` where MCP no longer looks after the component. */
export type Recovery = AlertFacts & {
  readonly type: "recovered";
  /** What has ended. */
  readonly recovered: AlertType;
  /** How long it lasted, from its first announcement. */
  readonly durationMs: number;
};

/** What the operator's command is run for. */
export type Announcement = Alert | Recovery | (AlertFacts & { readonly type: "test" });

import type { ObservedContainer } from "./observed.ts";
import type { Step } from "./step.ts";

/** Steps that remove what is left of a component: its containers, none of which may run, and its registry entry.
 * Never stops anything: one that runs fails the first step. Pure. */
export function purgeComponent(
  component: string,
  observed: readonly ObservedContainer[],
  isRegistered: boolean,
): Step[] {
  const removals = observed.map(({ slot, lost }): Step => ({
    kind: "remove-container",
    component,
    slot,
    // Without a process nothing runs, whatever the runtime says.
    ...(lost ? {} : { unlessRunning: true }),
  }));
  const forgetting: Step[] = isRegistered ? [{ kind: "forget-component", component, history: true }] : [];
  if (removals.length + forgetting.length === 0) return [];
  return [{ kind: "check-stopped", component }, ...removals, ...forgetting];
}

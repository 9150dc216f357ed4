import type { DesiredState, ObservedState } from "./spec.ts";

/** Whether what was observed of a component contradicts what the operator wants. Ignored components never
 * drift, and `unknown` contradicts nothing. */
export function isDrift(desired: DesiredState, observed: ObservedState): boolean {
  switch (desired) {
    case "running":
      return observed === "stopped" || observed === "exited" || observed === "removed";
    case "stopped":
      return observed === "running";
    case "ignore":
      return false;
  }
}

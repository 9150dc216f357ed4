import type { SeenContainer } from "./observe-input.ts";
import type { DesiredState, ObservedState } from "./spec.ts";

/** Exit code of a process that ended by the termination signal, which is how a stop begins. */
const endedBySigterm = 143;

/** What a container's state means for its component. No container: `removed`. A container that ended is
 * `stopped` where it was meant to stop or ended by the termination signal, else `exited`: the runtime does
 * not record who asked. Paused is `stopped`: it exists and does nothing. */
export function observedState(container: SeenContainer | undefined, desired: DesiredState): ObservedState {
  if (container === undefined) return "removed";
  if (container.processGone) return "exited";
  switch (container.state) {
    case "running":
    case "stopping":
      return "running";
    case "created":
    case "paused":
      return "stopped";
    case "exited":
      return desired === "stopped" || container.exitCode === endedBySigterm ? "stopped" : "exited";
    case "unknown":
      return "unknown";
  }
}

/** The exit code to record, or undefined where there is none: it runs, never ran, or died unseen. */
export function observedExitCode(container: SeenContainer | undefined): number | undefined {
  return container?.state === "exited" && !container.processGone ? container.exitCode : undefined;
}

import { isDrift } from "./drift.ts";
import type { DesiredState, ObservedState } from "./spec.ts";

/** What was observed of a component, as far as repairing it goes.
 *
 * - `as-desired`: nothing to do.
 * - `finished`: it should run, but it ended by itself and its restart policy says that this is the end.
 * - `drifting`: there is something to repair.
 * - `unknown`: nothing is known, so nothing is done. */
export type RepairCondition = "as-desired" | "finished" | "drifting" | "unknown";

/** Of a process that SIGKILL ended, which nobody does to itself. */
const killedExitCode = 137;

/** @param seen.exitCode undefined: it died unseen, or never ran
 * @param seen.restart its restart policy; empty: `no` */
export function repairCondition(seen: {
  desired: DesiredState;
  state: ObservedState;
  exitCode: number | undefined;
  restart: string;
}): RepairCondition {
  if (seen.desired === "ignore" || seen.state === "unknown") return "unknown";
  if (!isDrift(seen.desired, seen.state)) return "as-desired";
  return hasFinished(seen) ? "finished" : "drifting";
}

function hasFinished(seen: { state: ObservedState; exitCode: number | undefined; restart: string }): boolean {
  const { state, exitCode } = seen;
  // What was killed or died unseen has not finished.
  if (state !== "exited" || exitCode === undefined || exitCode === killedExitCode) return false;
  return !isRestartedByPolicy(seen.restart) || (seen.restart.startsWith("on-failure") && exitCode === 0);
}

/** Whether the runtime itself starts it again after some end of it. */
export function isRestartedByPolicy(restart: string): boolean {
  return restart !== "" && restart !== "no";
}

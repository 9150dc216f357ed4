import type { ContainerDetails } from "./runtime.ts";

/** Within this time of its last end or start the runtime may be about to start it once more. */
const windowMs = 10_000;

/** Whether the runtime has started it again by its restart policy a moment ago, and may do so at its next end. */
export function isRestarting(
  container: Pick<ContainerDetails, "state" | "restartCount" | "startedAtMs" | "exitedAtMs">,
  nowMs: number,
): boolean {
  const { state, restartCount, startedAtMs, exitedAtMs } = container;
  if (restartCount === 0) return false;
  return nowMs - (state === "exited" ? exitedAtMs : startedAtMs) < windowMs;
}

/** Whether that is worth asking: one that has been standing still is not about to be started. */
export function mayBeRestarting(
  { state, exitedAtMs }: Pick<ContainerDetails, "state" | "exitedAtMs">,
  nowMs: number,
): boolean {
  return state === "exited" && nowMs - exitedAtMs < windowMs;
}

import { isRestartedByPolicy } from "@metacircular/mcp-core/repair-condition.ts";
import type { ContainerDetails } from "./runtime.ts";

/** The runtime starts a container again a tenth of a second after its end, and later where the machine is busy. */
const firstRestartMs = 1_000;
/** One that was restarted so little time ago ends again and again. */
const restartsMs = 10_000;

/** Whether the runtime restarts it by its policy again and again, or may do so for the first time in a moment. */
export function isRestarting(
  container: Pick<ContainerDetails, "state" | "restart" | "restartCount" | "startedAtMs" | "exitedAtMs">,
  nowMs: number,
): boolean {
  const { state, restart, restartCount, startedAtMs, exitedAtMs } = container;
  if (!isRestartedByPolicy(restart)) return false;
  if (state !== "exited") return restartCount > 0 && nowMs - startedAtMs < restartsMs;
  return nowMs - exitedAtMs < (restartCount > 0 ? restartsMs : firstRestartMs);
}

/** Whether that is worth asking: one that has been standing still is not about to be started. */
export function mayBeRestarting(
  { state, exitedAtMs }: Pick<ContainerDetails, "state" | "exitedAtMs">,
  nowMs: number,
): boolean {
  return state === "exited" && nowMs - exitedAtMs < restartsMs;
}

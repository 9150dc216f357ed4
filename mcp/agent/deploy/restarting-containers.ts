import { isRestarting, mayBeRestarting } from "../runtime/restarting.ts";
import { type Container, labels, type Runtime } from "../runtime/runtime.ts";

/** Ids of the service's containers that stand still only until the runtime starts them again, which a listing does
 * not show. */
export async function restartingContainers(
  service: string,
  containers: readonly Container[],
  { runtime, nowMs }: { runtime: Pick<Runtime, "inspect">; nowMs: number },
  signal: AbortSignal,
): Promise<Set<string>> {
  const suspects = containers.filter(
    (container) => container.labels[labels.service] === service && mayBeRestarting(container, nowMs),
  );
  const inspected = await Promise.all(suspects.map(({ id }) => runtime.inspect(id, signal)));
  return new Set(
    inspected.flatMap((details) =>
      details !== undefined && isRestarting(details, nowMs) ? [details.id] : [],
    ),
  );
}

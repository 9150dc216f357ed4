import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Container } from "../runtime/runtime.ts";
import { observedContainers } from "./observed-containers.ts";

/** How long the runtime may take to notice that a process has ended, before it is asked again. */
const noticeMs = 100;
/** More only while one process of the service after the other ends. */
const mostListings = 5;

/** Lists all containers. Where the process of one of the service's is gone that is called running, lists again: it may
 * only just have ended, and the runtime be about to say so or to start it anew. One that has lost its monitor is
 * called running with the same process for ever. */
export async function listContainers(
  service: string,
  { list, clock }: { list: () => Promise<readonly Container[]>; clock: Clock },
  signal: AbortSignal,
): Promise<readonly Container[]> {
  let before = new Set<string>();
  for (let listings = 1; ; listings += 1) {
    const containers = await list();
    const lost = lostProcesses(service, containers);
    if (listings === mostListings || lost.isSubsetOf(before)) return containers;
    before = lost;
    await clock.sleep(noticeMs, signal);
  }
}

function lostProcesses(service: string, containers: readonly Container[]): Set<string> {
  const observed = [...observedContainers(service, containers).values()].flat();
  const lost = new Set(observed.filter((container) => container.lost).map(({ id }) => id));
  return new Set(containers.filter(({ id }) => lost.has(id)).map(({ id, pid }) => `${id} ${pid}`));
}

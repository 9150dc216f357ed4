import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Container, Runtime } from "../runtime/runtime.ts";
import type { ContainerProcesses } from "./processes.ts";
import { isListedAsRunning } from "./seen-container.ts";

/** What the runtime listed, checked against the process table. */
export interface Listing {
  /** When the runtime was asked. */
  readonly startedMs: number;
  readonly containers: readonly Container[];
  /** Ids of those that it calls running and that have no process. */
  readonly missing: ReadonlySet<string>;
}

/** How long the runtime may take to notice that a process has ended, before it is asked again. */
const noticeMs = 100;

/** One that has just died is found out by the second listing; more only while others keep dying. */
const mostListings = 3;

/** Lists all containers. Where the process of one that is called running has just gone, lists once more, so
 * that the runtime can report the end itself, with its exit code. */
export async function listContainers(parts: {
  runtime: Pick<Runtime, "list">;
  processes: ContainerProcesses;
  clock: Clock;
}): Promise<Listing> {
  const { runtime, processes, clock } = parts;
  for (let listings = 1; ; listings += 1) {
    const startedMs = clock.now();
    const containers = await runtime.list();
    const { missing, suspicious } = processes.track(containers.filter(isListedAsRunning));
    if (!suspicious || listings === mostListings) return { startedMs, containers, missing };
    await clock.sleep(noticeMs);
  }
}

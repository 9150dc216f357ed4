import { readdirSync, readFileSync } from "node:fs";

import type { Clock } from "@metacircular/mcdsl/clock.ts";

import type { RunningProcess } from "./run-process.ts";

/** Time that podman gets to tidy up once the instruction in progress is gone. */
const patienceMs = 20_000;
const lookEveryMs = 100;
const lastPatienceMs = 5_000;

/** Ends a build of podman so that nothing stays behind. A signal to podman would leave the working container and the
 * programs of the instruction in progress: so these are killed, the instruction fails, and podman tidies up after it.
 * What is in no container yet, such as the download of a base image, ends by a signal.
 * @param isTidy whether podman has nothing to tidy up now */
export async function endBuild(build: RunningProcess, isTidy: () => boolean, clock: Clock): Promise<void> {
  const ended = new AbortController();
  void build.ended.then(() => ended.abort());
  const wait = (durationMs: number): Promise<void> =>
    clock.sleep(durationMs, ended.signal).catch(() => undefined);
  const hasEnded = (): boolean => ended.signal.aborted;
  const deadlineMs = clock.now() + patienceMs;
  while (!hasEnded() && !isTidy() && clock.now() < deadlineMs) {
    for (const pid of workersOf(build.pid, processes())) killQuietly(pid);
    await wait(lookEveryMs);
  }
  if (hasEnded()) return;
  build.kill("SIGTERM");
  await wait(lastPatienceMs);
  if (!hasEnded()) build.kill("SIGKILL");
}

/** A process of this machine. */
export interface ProcessFact {
  readonly pid: number;
  readonly parentPid: number;
  readonly name: string;
}

/** The programs of the instruction in progress: all below podman and the helpers that podman starts of itself. */
export function workersOf(podmanPid: number, all: readonly ProcessFact[]): number[] {
  const byParent = Map.groupBy(all, ({ parentPid }) => parentPid);
  const below = (pid: number): number[] =>
    (byParent.get(pid) ?? []).flatMap((child) => [child.pid, ...below(child.pid)]);
  const helpers = (pid: number): ProcessFact[] =>
    (byParent.get(pid) ?? []).flatMap((child) => (child.name === "podman" ? helpers(child.pid) : [child]));
  return helpers(podmanPid).flatMap(({ pid }) => below(pid));
}

function processes(): ProcessFact[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [, pid, comm = "", parent] =
          /^(\d+) \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, "utf8")) ?? [];
        return [{ pid: Number(pid), parentPid: Number(parent), name: comm }];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

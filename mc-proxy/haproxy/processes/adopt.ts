import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Paths } from "../paths.ts";
import { runtimeSocket } from "../runtime-socket.ts";
import { killHanging } from "./hanging.ts";
import { endOf, type HaproxyProcess, infoOf, stopProcess } from "./haproxy-process.ts";
import { identityOf } from "./identity.ts";
import type { HaproxyProgram } from "./program.ts";

/** What the configuration's `description` begins with; the fingerprint follows. */
export const descriptionMark = "mc-proxy";

/** Finds the HAProxy that serves from the directory though whoever started it is gone. Others that are found are
 * stopped: only the newest can have all listening sockets. One that hangs is ended, and sockets that nobody answers are
 * removed.
 * @param signal ends the watch over what was found */
export async function adoptHaproxy(
  paths: Paths,
  { version }: Pick<HaproxyProgram, "version">,
  clock: Clock,
  signal: AbortSignal,
): Promise<HaproxyProcess | undefined> {
  const found: HaproxyProcess[] = [];
  for (const generation of await generationsIn(paths)) {
    const running = await runningAt(paths, generation, clock, signal);
    if (running !== undefined) {
      found.push(running);
      continue;
    }
    await killHanging(paths, generation, clock);
    await rm(paths.adminSocket(generation), { force: true });
  }
  const newest = found.pop();
  await Promise.all(found.map(({ identity }) => stopProcess(identity, 0, clock)));
  // One of another version has another configuration, as far as anybody who asks for ours is concerned.
  return newest?.version === version || newest === undefined ? newest : { ...newest, fingerprint: "" };
}

/** Oldest first. */
async function generationsIn({ directory }: Paths): Promise<number[]> {
  const names = await readdir(directory);
  const generations = names.flatMap((name) => /^admin-(\d{1,9})\.sock$/.exec(name)?.[1] ?? []).map(Number);
  return generations.toSorted((left, right) => left - right);
}

async function runningAt(
  paths: Paths,
  generation: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<HaproxyProcess | undefined> {
  const socket = runtimeSocket(join(paths.adminSocket(generation)));
  const info = await infoOf(socket);
  const identity = info === undefined ? undefined : await identityOf(info.pid);
  if (info === undefined || identity === undefined) return undefined;
  return {
    identity,
    generation,
    socket,
    version: info.version,
    startedAtMs: clock.now() - info.uptimeSeconds * 1_000,
    fingerprint: info.description.startsWith(`${descriptionMark} `)
      ? info.description.slice(descriptionMark.length + 1)
      : "",
    ended: endOf(identity, clock, signal).catch((thrown: unknown) => {
      if (!signal.aborted) throw thrown;
    }),
  };
}

import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { parseInfo, type ProcessInfo } from "../runtime-output.ts";
import type { RuntimeSocket } from "../runtime-socket.ts";
import { type ProcessIdentity, isAlive, signalProcess } from "./identity.ts";

/** A running HAProxy: one that we started, or one that a process of ours before us has left. */
export interface HaproxyProcess {
  readonly identity: ProcessIdentity;
  /** Counts up with each start in the same directory. */
  readonly generation: number;
  readonly socket: RuntimeSocket;
  /** Of the program that runs, which may be another than is installed meanwhile. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** What its configuration is told from others by. */
  readonly fingerprint: string;
  /** Resolves when it has ended, however; at once for a child of ours, within 100 ms for others. */
  readonly ended: Promise<void>;
}

const pollMs = 100;
const stopPollMs = 20;

/** Resolves when a process has ended that is no child of ours.
 * @throws the signal's reason when it is aborted before */
export async function endOf(identity: ProcessIdentity, clock: Clock, signal?: AbortSignal): Promise<void> {
  while (await isAlive(identity)) await clock.sleep(pollMs, signal);
}

/** What the process behind a socket says of itself; undefined: nobody answers there. */
export async function infoOf(socket: RuntimeSocket): Promise<ProcessInfo | undefined> {
  try {
    return parseInfo(await socket.execute("show info"));
  } catch {
    return undefined;
  }
}

/** Lets open connections end within the grace time, then cuts them off. Resolves when the process has ended. */
export async function stopProcess(identity: ProcessIdentity, graceMs: number, clock: Clock): Promise<void> {
  await signalProcess(identity, "SIGUSR1");
  if (await endsWithin(identity, graceMs, clock)) return;
  await signalProcess(identity, "SIGTERM");
  if (await endsWithin(identity, 1_000, clock)) return;
  await killProcess(identity, clock);
}

/** Ends the process at once. */
export async function killProcess(identity: ProcessIdentity, clock: Clock): Promise<void> {
  await signalProcess(identity, "SIGKILL");
  await endsWithin(identity, 5_000, clock);
}

async function endsWithin(identity: ProcessIdentity, durationMs: number, clock: Clock): Promise<boolean> {
  const deadlineMs = performance.now() + durationMs;
  while (await isAlive(identity)) {
    if (performance.now() >= deadlineMs) return false;
    await clock.sleep(stopPollMs);
  }
  return true;
}

import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { readFileSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { parseBootTimeMs, parseCommandLine, parseStat } from "./proc-format.ts";

/** Names one process: ids are used again, start times aren't. */
export interface ProcessIdentity {
  readonly pid: number;
  /** As in `ProcessStat`. */
  readonly startTicks: number;
}

export interface Process extends ProcessIdentity {
  readonly argv: readonly string[];
}

/** Living processes of this user. One that ends meanwhile is left out. */
export async function ownProcesses(): Promise<Process[]> {
  const uid = process.getuid?.();
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        if ((await stat(`/proc/${pid}`)).uid !== uid) return undefined;
        const identity = identityOf(pid);
        const argv = parseCommandLine(await readFile(`/proc/${pid}/cmdline`, "utf8"));
        return identity === undefined ? undefined : { ...identity, argv };
      } catch {
        // It ended between two of these reads.
        return undefined;
      }
    }),
  );
  return found.filter((each) => each !== undefined);
}

/** The living process of that id, or undefined. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    if (stat === undefined || stat.state === "Z" || stat.state === "X") return undefined;
    return { pid, startTicks: stat.startTicks };
  } catch {
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startTicks === identity.startTicks;
}

/** Linux reports start times in hundredths of a second to every program. */
const tickMs = 10;

/** When it was started, in milliseconds since the epoch. */
export function startedAtMs(identity: ProcessIdentity): number {
  return parseBootTimeMs(readFileSync("/proc/stat", "utf8")) + identity.startTicks * tickMs;
}

const pollMs = 50;

/** Resolves when the process is gone; rejects with the signal's reason when aborted. */
export async function waitUntilGone(
  identity: ProcessIdentity,
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  while (isAlive(identity)) await clock.sleep(pollMs, signal);
}

/** Asks a process to end, and kills it when it has not within `graceMs`. Gone already is success. */
export async function terminate(identity: ProcessIdentity, graceMs: number, clock: Clock): Promise<void> {
  send(identity, "SIGTERM");
  const deadline = clock.now() + graceMs;
  while (isAlive(identity) && clock.now() < deadline) await clock.sleep(pollMs);
  send(identity, "SIGKILL");
  await waitUntilGone(identity, clock);
}

function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (thrown) {
    const gone = systemCodeOf(thrown) === "ESRCH";
    if (!gone) throw thrown;
  }
}

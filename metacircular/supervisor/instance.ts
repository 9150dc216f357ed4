import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { once } from "node:events";
import { identityOf, isAlive, type ProcessIdentity } from "../processes/process-table.ts";
import { startDetached, type StartOptions } from "../processes/start.ts";

/** A running process of a program. */
export interface Instance extends ProcessIdentity {
  /** Undefined while it runs, then how it ended. */
  ended(): string | undefined;
  /** Resolves after `durationMs`, or as soon as the process is known to have ended or the signal aborts. */
  rest(durationMs: number, signal: AbortSignal): Promise<void>;
}

/** Starts a process as a child.
 * @throws DetailedError `PROGRAM_NOT_STARTED` */
export async function startInstance(options: StartOptions, clock: Clock): Promise<Instance> {
  const child = startDetached(options);
  try {
    await once(child, "spawn");
  } catch (cause) {
    throw notStarted(options.argv, messageOf(cause), cause);
  }
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (identity === undefined) throw notStarted(options.argv, "it ended at once");
  // It outlives this process, which must not wait for it.
  child.unref();
  const exit = new AbortController();
  child.once("exit", () => exit.abort());
  return {
    ...identity,
    ended() {
      if (child.signalCode !== null) return `was ended by ${child.signalCode}`;
      return child.exitCode === null ? undefined : `exited with ${child.exitCode}`;
    },
    rest: (durationMs, signal) =>
      restUnlessAborted(clock, durationMs, AbortSignal.any([exit.signal, signal])),
  };
}

const adoptedPollMs = 250;

/** A process that an earlier supervisor started: its end is seen, but not how it ended. */
export function adoptInstance(identity: ProcessIdentity, clock: Clock): Instance {
  return {
    ...identity,
    ended: () => (isAlive(identity) ? undefined : "ended"),
    rest: (durationMs, signal) => restUnlessAborted(clock, Math.min(durationMs, adoptedPollMs), signal),
  };
}

/** Waits, and does not mind being woken. */
export async function restUnlessAborted(
  clock: Clock,
  durationMs: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    await clock.sleep(durationMs, signal);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
}

function notStarted(argv: readonly string[], found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "PROGRAM_NOT_STARTED",
    category: "failed-precondition",
    attempted: "start",
    subject: argv.join(" "),
    found,
    cause,
  });
}

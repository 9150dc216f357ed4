import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { environmentOf, type Platform } from "../platform.ts";
import { ownProcesses, type Process, terminate } from "../processes/process-table.ts";
import { lastLogLines } from "../store/log-tail.ts";
import { logFile, type StateLayout } from "../store/layout.ts";
import { startInstance } from "./instance.ts";
import { isDataPlane, isInstance, type Program } from "./programs.ts";
import { readRecord } from "./record.ts";

const startTimeoutMs = 60_000;
const pollMs = 50;

/** Its programs take at most 30 s to stop, one after the other. */
const stopTimeoutMs = 60_000;
const podmanStopTimeoutMs = 10_000;
const dataPlaneStopTimeoutMs = 2_000;

/** Arguments under which a supervisor runs; they end in its state directory. */
function supervisorArguments(layout: StateLayout): string[] {
  return ["supervise", "--state", layout.root];
}

/** The living supervisor of a state directory. */
export async function findSupervisor(layout: StateLayout): Promise<Process | undefined> {
  return (await ownProcesses()).find(({ argv }) => isSupervisor(layout, argv));
}

function isSupervisor(layout: StateLayout, argv: readonly string[]): boolean {
  const own = supervisorArguments(layout);
  return argv.length > own.length && own.every((text, index) => argv.at(index - own.length) === text);
}

/** Starts a supervisor in the background, unless there is one, and waits until it is at work.
 * @returns whether one was started
 * @throws DetailedError `SUPERVISOR_NOT_STARTED` */
export async function ensureSupervisor(platform: Platform): Promise<boolean> {
  const { layout, host } = platform;
  if ((await findSupervisor(layout)) !== undefined) return false;
  const logPath = logFile(layout, "supervisor");
  const argv = [host.node, join(host.checkout, "metacircular/main.ts"), ...supervisorArguments(layout)];
  const options = { argv, environment: environmentOf(platform), workingDirectory: layout.root, logPath };
  const instance = await startInstance(options, host.clock);
  const deadline = host.clock.now() + startTimeoutMs;
  while (host.clock.now() < deadline && instance.ended() === undefined) {
    const record = await readRecord(layout.record);
    if (record?.pid === instance.pid && record.startTicks === instance.startTicks) return true;
    await host.clock.sleep(pollMs);
  }
  throw new DetailedError({
    code: "SUPERVISOR_NOT_STARTED",
    category: "failed-precondition",
    attempted: "start the supervisor",
    found: instance.ended() ?? `it was not at work after ${startTimeoutMs / 1_000} s`,
    remedy: `read ${logPath}`,
    output: await lastLogLines(logPath),
  });
}

/** Ends the supervisor, which stops its programs in order, then whatever outlived a supervisor that was killed.
 * @returns whether anything ran */
export async function stopPrograms(
  layout: StateLayout,
  known: readonly Program[],
  clock: Clock,
): Promise<boolean> {
  let found = false;
  const endAll = async (matches: (argv: readonly string[]) => boolean, graceMs: number): Promise<void> => {
    for (const each of (await ownProcesses()).filter(({ argv }) => matches(argv))) {
      found = true;
      await terminate(each, graceMs, clock);
    }
  };
  await endAll((argv) => isSupervisor(layout, argv), stopTimeoutMs);
  for (const program of known.toReversed()) {
    await endAll((argv) => isInstance(program, argv), program.stopTimeoutMs);
  }
  await endAll((argv) => isDataPlane(layout, argv), dataPlaneStopTimeoutMs);
  await endAll((argv) => isPodmanService(layout, argv), podmanStopTimeoutMs);
  await rm(layout.record, { force: true });
  return found;
}

/** The API service that an agent starts for itself; it outlives an agent that was killed. */
function isPodmanService(layout: StateLayout, argv: readonly string[]): boolean {
  const [program = ""] = argv;
  return basename(program) === "podman" && argv.some((text) => text.includes(`${layout.agent.runtime}/`));
}

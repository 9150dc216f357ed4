import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

/** What the process table says of one process. */
export interface ProcessReader {
  /** Whether there is a process of that number; says nothing about which one, and counts the dead that
   * nobody has collected. Costs about a microsecond. */
  exists(pid: number): boolean;
  /** When the process was started, in ticks since boot, or undefined where it is gone or dead. A number that
   * is given out again comes with another start. Empty: it is there, and its details are hidden from us. */
  start(pid: number): string | undefined;
  /** Whether the process can be the one with which the container was started. */
  belongsTo(pid: number, container: { id: string; startedAtMs: number }): boolean;
}

/** Linux gives times in `/proc` in this unit, whatever the kernel's own is. */
const tickMs = 10;

/** The runtime's start time is rounded to seconds and taken after that of the process. */
const startToleranceMs = 10_000;

/** Reads `/proc`. */
export const systemProcesses: ProcessReader = {
  exists,
  start(pid) {
    const stat = read(`/proc/${pid}/stat`);
    if (stat === undefined) return exists(pid) ? "" : undefined;
    return parseProcessStart(stat);
  },
  belongsTo(pid, { id, startedAtMs }) {
    const start = systemProcesses.start(pid);
    // One that is dead and not yet collected is still in the container's control group.
    if (start === undefined) return false;
    if (read(`/proc/${pid}/cgroup`)?.includes(id) === true) return true;
    if (start === "" || startedAtMs === 0) return true;
    const bootedAtMs = Date.now() - uptime() * 1000;
    return bootedAtMs + Number(start) * tickMs <= startedAtMs + startToleranceMs;
  },
};

/** Start time in ticks from the text of `/proc/<pid>/stat` (proc_pid_stat(5), field 22), or undefined where
 * the process is dead and only waits to be collected. */
export function parseProcessStart(stat: string): string | undefined {
  // The program's name, field 2, is in parentheses and may itself contain spaces and parentheses.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? undefined : fields[18];
}

function exists(pid: number): boolean {
  // 0 and negative numbers stand for groups of processes.
  if (pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return systemCodeOf(thrown) === "EPERM";
  }
}

/** Undefined where it cannot be read, be it gone or hidden (`hidepid`). */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}

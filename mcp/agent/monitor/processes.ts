import type { Container } from "../runtime/runtime.ts";
import type { ProcessReader } from "../processes/process-status.ts";

type ListedContainer = Pick<Container, "id" | "pid" | "startedAtMs">;

/** The processes of the containers that the runtime calls running. */
export interface ContainerProcesses {
  /** Takes over which containers a listing called running, and says which of them have no process. One that
   * is being stopped is listed without a process number: the last one counts.
   *
   * - `missing`: their process was gone at the previous listing already; the runtime is wrong about them.
   * - `suspicious`: true when the process of further ones is gone. The runtime may just be about to notice:
   *   list once more. */
  track(running: readonly ListedContainer[]): { missing: ReadonlySet<string>; suspicious: boolean };
  /** Whether a tracked process has gone that `track` has not reported as missing. */
  sweep(): boolean;
}

interface Tracked {
  readonly pid: number;
  /** Ticks since boot; empty: not known. */
  readonly start: string;
  suspect: boolean;
  missing: boolean;
}

/** How many processes of a sweep are also checked for being the same and not dead. That takes ten times as
 * long as checking that the number is in use, so the tracked ones take turns. */
const closelyCheckedPerSweep = 4;

export function createContainerProcesses(reader: ProcessReader): ContainerProcesses {
  let tracked = new Map<string, Tracked>();
  let turn = 0;
  const isSame = ({ pid, start }: Tracked) => reader.start(pid) === start;
  const identify = (container: ListedContainer): Tracked => {
    const start = reader.belongsTo(container.pid, container) ? reader.start(container.pid) : undefined;
    return { pid: container.pid, start: start ?? "", suspect: false, missing: false };
  };
  return {
    track(running) {
      const before = tracked;
      tracked = new Map();
      const missing = new Set<string>();
      let suspicious = false;
      for (const container of running) {
        const known = before.get(container.id);
        const isKnown = known !== undefined && (container.pid === 0 || container.pid === known.pid);
        if (!isKnown && container.pid === 0) continue;
        const entry = isKnown ? known : identify(container);
        tracked.set(container.id, entry);
        const gone = entry.missing || !isSame(entry);
        entry.missing = gone && entry.suspect;
        entry.suspect = gone;
        if (entry.missing) missing.add(container.id);
        suspicious ||= gone && !entry.missing;
      }
      return { missing, suspicious };
    },
    sweep() {
      const present = [...tracked.values()].filter(({ missing }) => !missing);
      turn = turn >= present.length ? 0 : turn;
      const closely = present.slice(turn, turn + closelyCheckedPerSweep);
      turn += closelyCheckedPerSweep;
      return present.some(({ pid }) => !reader.exists(pid)) || closely.some((entry) => !isSame(entry));
    },
  };
}

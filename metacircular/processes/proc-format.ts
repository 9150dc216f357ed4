/** The part of `/proc/<pid>/stat` that tells processes apart (proc(5)). */
export interface ProcessStat {
  /** `Z` and `X` are dead. */
  readonly state: string;
  /** Clock ticks between the machine's start and the process's: with the id it names one process for ever. */
  readonly startTicks: number;
}

/** Reads the content of `/proc/<pid>/stat`. The name in parentheses may itself hold spaces and parentheses. */
export function parseStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  const startTicks = Number(fields[19]);
  return state === undefined || state === "" || !Number.isSafeInteger(startTicks)
    ? undefined
    : { state, startTicks };
}

/** Reads the content of `/proc/<pid>/cmdline`. */
export function parseCommandLine(text: string): string[] {
  return text.split("\0").slice(0, -1);
}

/** The machine's start in milliseconds since the epoch, from `/proc/stat`. */
export function parseBootTimeMs(text: string): number {
  return Number(/^btime (\d+)$/m.exec(text)?.[1]) * 1_000;
}

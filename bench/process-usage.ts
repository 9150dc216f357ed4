import { readdir, readFile } from "node:fs/promises";

/** Processor time that the living threads of a process have used, in milliseconds, precise to nanoseconds. */
export async function cpuTimeMs(pid: number): Promise<number> {
  const directory = `/proc/${pid}/task`;
  const threads = await readdir(directory);
  const texts = await Promise.all(
    threads.map((thread) => readFile(`${directory}/${thread}/schedstat`, "utf8").catch(() => "0")),
  );
  return texts.reduce((sumMs, text) => sumMs + parseSchedstat(text), 0);
}

/** Memory of a process in megabytes (10^6 bytes). `resident` counts all pages of programs and libraries that it
 * shares with other processes; `proportional` divides those among the processes. */
export async function memoryOf(pid: number): Promise<{ residentMb: number; proportionalMb: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  return { residentMb: parseSize(text, "Rss"), proportionalMb: parseSize(text, "Pss") };
}

/** The processes that a process has started and that live. */
export async function childrenOf(pid: number): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(
    pids.map(async (each) => parseParent(await readFile(`/proc/${each}/stat`, "utf8").catch(() => ""))),
  );
  return pids.map(Number).filter((_, index) => parents[index] === pid);
}

/** The parent in a line of `/proc/<pid>/stat`, where the name in parentheses may contain anything. */
export function parseParent(text: string): number {
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
}

/** First field of `/proc/<pid>/schedstat`, which counts nanoseconds on a processor. */
export function parseSchedstat(text: string): number {
  return Number(text.split(" ", 1)[0]) / 1_000_000;
}

/** A line of `smaps_rollup`, which counts in KiB. */
export function parseSize(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text);
  if (match === null) throw new Error(`smaps_rollup has no line ${name}`);
  return (Number(match[1]) * 1_024) / 1_000_000;
}

import { statfs } from "node:fs/promises";
import { arch, cpus, freemem, totalmem } from "node:os";
import type { Clock } from "@metacircular/mcdsl/clock.ts";

export interface Resources {
  readonly diskTotalBytes: number;
  readonly diskFreeBytes: number;
  readonly memoryTotalBytes: number;
  /** What programs could still get. */
  readonly memoryFreeBytes: number;
  /** Of all cores together, 0-100. */
  readonly cpuUsagePercent: number;
}

/** How long the processors are watched for their usage. */
const sampleMs = 100;

/** The node's resources; the disk is the one that holds `path`. */
export async function readResources(path: string, clock: Clock, signal: AbortSignal): Promise<Resources> {
  const before = processorTimes();
  const [disk] = await Promise.all([statfs(path), clock.sleep(sampleMs, signal)]);
  const after = processorTimes();
  const totalMs = after.totalMs - before.totalMs;
  const busyMs = totalMs - (after.idleMs - before.idleMs);
  return {
    diskTotalBytes: disk.blocks * disk.bsize,
    diskFreeBytes: disk.bavail * disk.bsize,
    memoryTotalBytes: totalmem(),
    memoryFreeBytes: freemem(),
    cpuUsagePercent: totalMs <= 0 ? 0 : Math.min(100, (100 * busyMs) / totalMs),
  };
}

function processorTimes(): { totalMs: number; idleMs: number } {
  const times = cpus().map((processor) => processor.times);
  const idleMs = times.reduce((sum, time) => sum + time.idle, 0);
  const totalMs = times.reduce(
    (sum, time) => sum + time.idle + time.user + time.nice + time.sys + time.irq,
    0,
  );
  return { totalMs, idleMs };
}

/** The node's architecture as container images name it. */
export function architecture(): string {
  const names: Partial<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
  return names[arch()] ?? arch();
}

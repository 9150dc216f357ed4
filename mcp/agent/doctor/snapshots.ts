import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fine, type Judgement, warning } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

const hourMs = 3_600_000;
/** A daily timer may be late once. */
const oldMs = 48 * hourMs;

/** How old the latest snapshot of the registry is. */
export const snapshotsCheck: Check = {
  name: "snapshots",
  async run({ files, clock }) {
    const directory = join(dirname(files.database), "backups");
    const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith(".db"));
    const times = await Promise.all(
      names.map(async (name) => (await stat(join(directory, name)).catch(() => undefined))?.mtimeMs ?? 0),
    );
    const latestMs = times.reduce((latest, time) => Math.max(latest, time), 0);
    return [judgeSnapshots(directory, { latestMs, nowMs: clock.now(), config: files.config })];
  },
};

/** @param facts.latestMs when the latest one was written; 0: there is none */
export function judgeSnapshots(
  directory: string,
  { latestMs, nowMs, config }: { latestMs: number; nowMs: number; config: string },
): Judgement {
  const remedy = `mcp-agent snapshot --config ${config === "" ? "<file>" : config}; have a timer do it every day`;
  if (latestMs === 0) return warning(directory, "there is no snapshot of the registry", remedy);
  const ageHours = Math.floor(Math.max(0, nowMs - latestMs) / hourMs);
  const found = `the latest snapshot of the registry is ${ageHours} h old`;
  return nowMs - latestMs > oldMs ? warning(directory, found, remedy) : fine(directory, found);
}

import { listSnapshots } from "@metacircular/mcdsl/database/snapshot-directory.ts";
import { fine, type Judgement, warning } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

const hourMs = 3_600_000;
/** A daily timer may be late once. */
const oldMs = 48 * hourMs;

/** How old the latest snapshot of the registry is. */
export const snapshotsCheck: Check = {
  name: "snapshots",
  run({ snapshots, files, clock }) {
    const latest = listSnapshots(snapshots).find(({ isReplaced }) => !isReplaced);
    const facts = { takenAtMs: latest?.takenAtMs, nowMs: clock.now(), config: files.config };
    return [judgeSnapshots(snapshots.directory, facts)];
  },
};

/** @param facts.takenAtMs when the latest one was taken; undefined: there is none */
export function judgeSnapshots(
  directory: string,
  { takenAtMs, nowMs, config }: { takenAtMs: number | undefined; nowMs: number; config: string },
): Judgement {
  const now = `mcp-agent snapshot --config ${config === "" ? "<file>" : config}`;
  const remedy = `${now}; for one a day, as root: systemctl enable --now mcp-agent-backup.timer`;
  if (takenAtMs === undefined) return warning(directory, "there is no snapshot of the registry", remedy);
  const ageHours = Math.floor(Math.max(0, nowMs - takenAtMs) / hourMs);
  const found = `the latest snapshot of the registry is ${ageHours} h old`;
  return nowMs - takenAtMs > oldMs ? warning(directory, found, remedy) : fine(directory, found);
}

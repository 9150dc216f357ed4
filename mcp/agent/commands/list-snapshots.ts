import { listSnapshots } from "@metacircular/mcdsl/database/snapshot-directory.ts";
import { verifySnapshot } from "@metacircular/mcdsl/database/verify-snapshot.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { migrations } from "../registry/registry.ts";
import { readConfig } from "./read-config.ts";
import { registrySnapshots } from "./snapshot-directory.ts";

/** Prints the snapshots, newest first, and whether each can be restored. */
export function showSnapshots(configFile: string): void {
  const from = registrySnapshots(readConfig(configFile));
  const snapshots = listSnapshots(from);
  if (snapshots.length === 0) process.stderr.write(`there is no snapshot in ${from.directory}\n`);
  for (const { file, takenAtMs, sizeBytes, isReplaced } of snapshots) {
    const size = `${Math.ceil(sizeBytes / 1024)} KiB`.padStart(12);
    const note = isReplaced ? " (replaced by a restore)" : "";
    process.stdout.write(`${new Date(takenAtMs).toISOString()} ${size}  ${stateOf(file)}${note}  ${file}\n`);
  }
}

function stateOf(file: string): string {
  try {
    return `verified, schema ${verifySnapshot(file, migrations)}`;
  } catch (error) {
    return `UNUSABLE: ${messageOf(error)}`;
  }
}

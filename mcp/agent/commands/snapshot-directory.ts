import {
  type SnapshotDirectory,
  snapshotDirectoryOf,
} from "@metacircular/mcdsl/database/snapshot-directory.ts";
import type { AgentConfig } from "../config.ts";

/** Where the configuration keeps snapshots of the registry, and how many. */
export function registrySnapshots({ snapshot, database }: AgentConfig): SnapshotDirectory {
  return {
    directory: snapshotDirectoryOf(snapshot.directory, database.path),
    prefix: "mcp",
    keep: snapshot.keep,
    keepForMs: snapshot.keep_for,
  };
}

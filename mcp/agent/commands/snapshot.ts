import { dirname } from "node:path";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { makeDirectory, takeSnapshot } from "@metacircular/mcdsl/database/snapshot-directory.ts";
import { snapshotDatabase } from "@metacircular/mcdsl/database/snapshot.ts";
import { migrations } from "../registry/registry.ts";
import { readConfig } from "./read-config.ts";
import { requireOwner } from "./require-owner.ts";
import { registrySnapshots } from "./snapshot-directory.ts";

export interface SnapshotOptions {
  readonly config: string;
  /** A file of its own, which nothing deletes later. */
  readonly to?: string | undefined;
  readonly keep?: number | undefined;
  readonly keepFor?: number | undefined;
}

/** Writes a verified copy of the registry and prints where it is. */
export function snapshot({ config: configFile, to, keep, keepFor }: SnapshotOptions): void {
  const config = readConfig(configFile);
  const { path: file } = config.database;
  requireOwner(file, "write snapshot");
  if (to !== undefined) {
    makeDirectory(dirname(to));
    snapshotDatabase({ file, destination: to, migrations });
    process.stdout.write(`${to}\n`);
    return;
  }
  const configured = registrySnapshots(config);
  const into = { ...configured, keep: keep ?? configured.keep, keepForMs: keepFor ?? configured.keepForMs };
  const { file: written, kept, deleted } = takeSnapshot({ file, into, migrations, nowMs: systemClock.now() });
  process.stdout.write(`${written}\n`);
  process.stderr.write(`kept ${kept.length}, deleted ${deleted.length} in ${into.directory}\n`);
  for (const each of deleted) process.stderr.write(`deleted ${each.file}\n`);
}

import { createInterface } from "node:readline/promises";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import {
  listSnapshots,
  makeDirectory,
  type SnapshotDirectory,
  snapshotPath,
} from "@metacircular/mcdsl/database/snapshot-directory.ts";
import { verifySnapshot } from "@metacircular/mcdsl/database/verify-snapshot.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { claimRegistry } from "../registry/claim.ts";
import { migrations } from "../registry/registry.ts";
import { restoreRegistry, type RestoredRegistry } from "../registry/restore.ts";
import { readConfig } from "./read-config.ts";
import { requireOwner } from "./require-owner.ts";
import { registrySnapshots } from "./snapshot-directory.ts";

const attempted = "restore";

export interface RestoreOptions {
  readonly config: string;
  /** Undefined: the newest that can be used. */
  readonly snapshot: string | undefined;
  readonly yes: boolean;
}

/** Puts a snapshot into the registry's place, while no agent runs. */
export async function restore({ config: configFile, snapshot, yes }: RestoreOptions): Promise<void> {
  const config = readConfig(configFile);
  const { path: file } = config.database;
  requireOwner(file, attempted);
  using _ = claimRegistry(file);
  const directory = registrySnapshots(config);
  const chosen = snapshot ?? newestUsable(directory);
  verifySnapshot(chosen, migrations);
  if (!yes) await confirm(`Replace the registry ${file} by ${chosen}?`);
  const aside = snapshotPath(directory, systemClock.now(), { replaced: true });
  makeDirectory(directory.directory);
  const restored = restoreRegistry({ file, snapshot: chosen, aside, clock: systemClock });
  process.stdout.write(`${chosen}\n`);
  process.stderr.write(report({ ...restored, file, aside }));
}

function newestUsable(from: SnapshotDirectory): string {
  // What a restore replaced is taken only by name: somebody had a reason to replace it.
  const problems: string[] = [];
  for (const { file, isReplaced } of listSnapshots(from)) {
    if (isReplaced) continue;
    try {
      verifySnapshot(file, migrations);
      return file;
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  throw new DetailedError({
    code: "SNAPSHOT_NOT_FOUND",
    category: "not-found",
    attempted,
    subject: from.directory,
    found: problems.length === 0 ? "there is no snapshot" : `none can be used: ${problems.join("; ")}`,
    remedy: "name the file of a snapshot that was kept elsewhere",
  });
}

async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw notConfirmed("it asks before it does this, and there is no terminal", "add --yes");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Ctrl-C and Ctrl-D end the question by an AbortError.
    const answer = await terminal.question(`${question} [y/N] `).catch(() => "");
    if (!/^y(es)?$/iu.test(answer.trim())) throw notConfirmed("you did not agree", "nothing was changed");
  } finally {
    terminal.close();
  }
}

function notConfirmed(found: string, remedy: string): DetailedError {
  return new DetailedError({
    code: "CONFIRMATION_NEEDED",
    category: "failed-precondition",
    attempted,
    found,
    remedy,
  });
}

function report(restored: RestoredRegistry & { file: string; aside: string }): string {
  const { file, aside, replaced, abandoned } = restored;
  const kept = {
    snapshot: `The registry that it replaces is kept as ${aside}`,
    "as-it-was": `The registry that it replaces cannot be used by this program; its files are kept as ${aside}`,
    none: "There was no registry to replace",
  };
  const closed = abandoned.map(
    ({ id, kind, service }) =>
      `Abandoned the ${kind} of ${service} that was in progress (operation ${id}).\n`,
  );
  return `Restored ${file}.\n${kept[replaced]}.\n${closed.join("")}Start the agent now. It compares the registry with what runs: see mcp status.
Containers that were created after the snapshot are shown with desired state "ignore" until you deploy or adopt them.
`;
}

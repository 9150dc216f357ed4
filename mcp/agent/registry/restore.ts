import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { type Restored, restoreDatabase } from "@metacircular/mcdsl/database/restore.ts";
import type { OperationRecord, OperationTable } from "./operations.ts";
import { createOperationTable } from "./operations.ts";
import { migrations } from "./registry.ts";

export interface RestoredRegistry extends Restored {
  /** Operations that the snapshot shows as in progress. */
  readonly abandoned: readonly OperationRecord[];
}

/** Puts a snapshot into the registry's place. Operations that were in progress when it was taken are closed as
 * abandoned: the containers have moved on since, and to take them up would repeat or undo what came after.
 * @throws DetailedError SNAPSHOT_INVALID, DATABASE_TOO_NEW, RESTORE_FAILED; then the registry is as it was */
export function restoreRegistry(options: {
  file: string;
  snapshot: string;
  aside: string;
  clock: Clock;
}): RestoredRegistry {
  const { file, snapshot, aside, clock } = options;
  let abandoned: readonly OperationRecord[] = [];
  const restored = restoreDatabase({
    file,
    snapshot,
    aside,
    migrations,
    prepare: (database) => {
      const operations = createOperationTable(database, clock);
      abandoned = operations.unfinished();
      database.transaction(() => abandoned.forEach((operation) => abandon(operation, operations)));
    },
  });
  return { ...restored, abandoned };
}

function abandon({ id, kind, service, before, step }: OperationRecord, operations: OperationTable): void {
  const failure = {
    code: "OPERATION_ABANDONED",
    attempted: kind,
    subject: service,
    found: "the registry was restored from a snapshot that was taken while this was in progress",
    remedy: "see with mcp status what runs, and repeat it where that is not what you want",
    facts: {},
    output: [],
  };
  const components = before.length === 0 ? [service] : before.map(({ component }) => component);
  const results = components.map((component) => ({ component, outcome: "failed", failure }) as const);
  operations.finish(id, { outcome: "failed", results, step });
}

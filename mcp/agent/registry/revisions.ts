import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Database } from "@metacircular/mcdsl/database/open.ts";
import { serviceHash } from "@metacircular/mcp-core/spec-hash.ts";
import type { ServiceSpec } from "@metacircular/mcp-core/spec.ts";

/** What one successful deploy left running. */
export interface Revision {
  readonly service: string;
  /** Counts from 1 within the service. */
  readonly number: number;
  readonly createdAtMs: number;
  readonly caller: string;
  readonly operation: string;
  readonly spec: ServiceSpec;
  readonly specHash: string;
  /** Image digest by component. */
  readonly digests: Readonly<Record<string, string>>;
}

/** Table `revisions`. Revisions outlive their service, so that an undeploy can be taken back. */
export interface RevisionTable {
  /** Newest first. */
  list(service: string, limit: number): Revision[];
  get(service: string, number: number): Revision | undefined;
  /** Stores the next revision and returns its number; once per operation. */
  append(entry: {
    spec: ServiceSpec;
    caller: string;
    operation: string;
    digests: Readonly<Record<string, string>>;
  }): number;
  /** Keeps only the newest `keep` of each service; returns how many were deleted. */
  prune(keep: number): number;
}

export function createRevisionTable({ sql }: Database, clock: Clock): RevisionTable {
  const list = sql.prepare("SELECT * FROM revisions WHERE service = ? ORDER BY number DESC LIMIT ?");
  const get = sql.prepare("SELECT * FROM revisions WHERE service = ? AND number = ?");
  const ofOperation = sql.prepare("SELECT number FROM revisions WHERE service = ? AND operation = ?");
  const insert = sql.prepare(`INSERT INTO revisions
    (service, number, created_at, caller, operation, spec, spec_hash, digests)
    SELECT :service, COALESCE(MAX(number), 0) + 1, :now, :caller, :operation, :spec, :hash, :digests
    FROM revisions WHERE service = :service RETURNING number`);
  const prune = sql.prepare(`DELETE FROM revisions WHERE number <=
    (SELECT MAX(newer.number) FROM revisions AS newer WHERE newer.service = revisions.service) - ?`);
  return {
    list: (service, limit) => list.all(service, limit).map(revisionFromRow),
    get(service, number) {
      const row = get.get(service, number);
      return row === undefined ? undefined : revisionFromRow(row);
    },
    append({ spec, caller, operation, digests }) {
      const stored = ofOperation.get(spec.name, operation);
      if (stored !== undefined) return Number(stored["number"]);
      const row = insert.get({
        service: spec.name,
        now: new Date(clock.now()).toISOString(),
        caller,
        operation,
        spec: JSON.stringify(spec),
        hash: serviceHash(spec),
        digests: JSON.stringify(digests),
      });
      return Number(row?.["number"]);
    },
    prune: (keep) => Number(prune.run(keep).changes),
  };
}

function revisionFromRow(row: Record<string, unknown>): Revision {
  return {
    service: String(row["service"]),
    number: Number(row["number"]),
    createdAtMs: Date.parse(String(row["created_at"])),
    caller: String(row["caller"]),
    operation: String(row["operation"]),
    spec: JSON.parse(String(row["spec"])) as ServiceSpec,
    specHash: String(row["spec_hash"]),
    digests: JSON.parse(String(row["digests"])) as Record<string, string>,
  };
}

import type { Sql, SqlDatabase, SqlRow, SqlValue } from "@metacircular/mcdsl/sql/sql.ts";
import type { AuditAction, AuditEntry, TimedEntry } from "./audit.ts";
import { recordPulls } from "./pull-store.ts";

export interface StoredEntry extends TimedEntry {
  /** Grows with each entry. */
  readonly sequence: number;
}

/** Which entries; what is undefined restricts nothing. */
export interface AuditFilter {
  readonly repository?: string | undefined;
  readonly digest?: string | undefined;
  readonly account?: string | undefined;
  readonly action?: string | undefined;
  readonly outcome?: string | undefined;
  readonly sinceMs?: number | undefined;
  /** Not this instant itself. */
  readonly untilMs?: number | undefined;
  /** Only older ones than this. */
  readonly beforeSequence?: number | undefined;
}

/** Rows of one transaction that removes what is old: others should not wait long. */
const pruneAtOnce = 2_000;

/** The audit log in the registry's database. */
export class AuditStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  /** Writes the entries in their order, and counts the pulls among them, in one transaction. */
  async write(entries: readonly TimedEntry[], signal?: AbortSignal): Promise<void> {
    await this.#database.transaction(
      async (sql) => {
        for (const entry of entries) await insert(sql, entry);
        await recordPulls(sql, entries);
      },
      signal === undefined ? {} : { signal },
    );
  }

  /** Newest first. */
  async list(filter: AuditFilter, limit: number): Promise<StoredEntry[]> {
    const { condition, values } = conditionOf(filter);
    const statement = `SELECT * FROM audit_entry ${condition} ORDER BY sequence DESC LIMIT $${values.length + 1}`;
    return (await this.#database.query(statement, [...values, limit])).map(entryOf);
  }

  /** Removes what is older, and the oldest beyond a number. @returns how many entries went */
  async prune(beforeMs: number, maxEntries: number, signal: AbortSignal): Promise<number> {
    const tooOld = "SELECT sequence FROM audit_entry WHERE at_ms < $1 ORDER BY at_ms LIMIT $2";
    const tooMany =
      "SELECT sequence FROM audit_entry WHERE sequence <= (SELECT MAX(sequence) FROM audit_entry) - $1 ORDER BY sequence LIMIT $2";
    const aged = await this.#remove(tooOld, beforeMs, signal);
    return aged + (await this.#remove(tooMany, maxEntries, signal));
  }

  async #remove(selection: string, value: number, signal: AbortSignal): Promise<number> {
    const statement = `DELETE FROM audit_entry WHERE sequence IN (${selection})`;
    let removed = 0;
    for (;;) {
      signal.throwIfAborted();
      const count = await this.#database.execute(statement, [value, pruneAtOnce]);
      removed += count;
      if (count < pruneAtOnce) return removed;
    }
  }
}

async function insert(sql: Sql, entry: TimedEntry): Promise<void> {
  const { atMs, action, outcome, caller, address, repository, reference, digest, detail } = entry;
  await sql.execute(
    `INSERT INTO audit_entry
       (at_ms, action, outcome, account, account_kind, address, repository, reference, digest, detail)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [atMs, action, outcome, caller.name, caller.kind, address, repository, reference, digest, detail],
  );
}

function conditionOf(filter: AuditFilter): { condition: string; values: SqlValue[] } {
  const { repository, digest, account, action, outcome, sinceMs, untilMs, beforeSequence } = filter;
  const comparisons: readonly (readonly [string, SqlValue | undefined])[] = [
    ["repository =", repository],
    ["digest =", digest],
    ["account =", account],
    ["action =", action],
    ["outcome =", outcome],
    ["at_ms >=", sinceMs],
    ["at_ms <", untilMs],
    ["sequence <", beforeSequence],
  ];
  const given = comparisons.filter((each): each is [string, SqlValue] => each[1] !== undefined);
  const conditions = given.map(([comparison], index) => `${comparison} $${index + 1}`);
  return {
    condition: conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`,
    values: given.map(([, value]) => value),
  };
}

function entryOf(row: SqlRow): StoredEntry {
  return {
    sequence: Number(row["sequence"]),
    atMs: Number(row["at_ms"]),
    action: String(row["action"]) as AuditAction,
    outcome: String(row["outcome"]) as AuditEntry["outcome"],
    caller: {
      name: String(row["account"]),
      kind: String(row["account_kind"]) as AuditEntry["caller"]["kind"],
    },
    address: String(row["address"]),
    repository: String(row["repository"]),
    reference: String(row["reference"]),
    digest: String(row["digest"]),
    detail: String(row["detail"]),
  };
}

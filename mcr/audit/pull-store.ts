import type { Sql, SqlDatabase, SqlRow } from "@metacircular/mcdsl/sql/sql.ts";
import type { AuditEntry, TimedEntry } from "./audit.ts";

/** What one account pulled of one manifest. */
export interface AccountPulls {
  readonly digest: string;
  /** Tag or digest as it was named the last time. */
  readonly reference: string;
  readonly caller: AuditEntry["caller"];
  readonly pulls: number;
  readonly lastAtMs: number;
}

interface RepositoryPulls extends AccountPulls {
  readonly repository: string;
}

/** Who pulled what. */
export class PullStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  /** Newest first. */
  async list(repository: string, limit: number): Promise<AccountPulls[]> {
    const rows = await this.#database.query(
      "SELECT * FROM pull WHERE repository = $1 ORDER BY last_at_ms DESC, digest, account LIMIT $2",
      [repository, limit],
    );
    return rows.map(pullsOf);
  }

  /** Newest first. */
  async listOf(repository: string, digest: string, limit: number): Promise<AccountPulls[]> {
    const rows = await this.#database.query(
      "SELECT * FROM pull WHERE repository = $1 AND digest = $2 ORDER BY last_at_ms DESC, account LIMIT $3",
      [repository, digest, limit],
    );
    return rows.map(pullsOf);
  }

  /** Removes what was pulled last before, and the longest ago beyond a number. */
  async prune(beforeMs: number, maxRows: number): Promise<void> {
    await this.#database.execute("DELETE FROM pull WHERE last_at_ms < $1", [beforeMs]);
    await this.#database.execute(
      "DELETE FROM pull WHERE last_at_ms < (SELECT last_at_ms FROM pull ORDER BY last_at_ms DESC LIMIT 1 OFFSET $1)",
      [maxRows],
    );
  }
}

/** Counts the pulls among the entries by account. */
export async function recordPulls(sql: Sql, entries: readonly TimedEntry[]): Promise<void> {
  for (const pull of pullsIn(entries)) {
    const { repository, digest, caller, reference, pulls, lastAtMs } = pull;
    await sql.execute(
      `INSERT INTO pull (repository, digest, account_kind, account, reference, pulls, last_at_ms)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (repository, digest, account_kind, account) DO UPDATE
       SET pulls = pull.pulls + excluded.pulls, reference = excluded.reference, last_at_ms = excluded.last_at_ms`,
      [repository, digest, caller.kind, caller.name, reference, pulls, lastAtMs],
    );
  }
}

/** One for each repository, manifest, account and name that was used, in the order of the first. Pure. */
export function pullsIn(entries: readonly TimedEntry[]): RepositoryPulls[] {
  const pulls = new Map<string, RepositoryPulls>();
  for (const { action, outcome, repository, digest, reference, caller, atMs } of entries) {
    if (action !== "pull-manifest" || outcome !== "ok" || digest === "") continue;
    const key = JSON.stringify([repository, digest, reference, caller.kind, caller.name]);
    const before = pulls.get(key)?.pulls ?? 0;
    pulls.set(key, { repository, digest, reference, caller, pulls: before + 1, lastAtMs: atMs });
  }
  return [...pulls.values()];
}

function pullsOf(row: SqlRow): AccountPulls {
  return {
    digest: String(row["digest"]),
    reference: String(row["reference"]),
    caller: {
      name: String(row["account"]),
      kind: String(row["account_kind"]) as AuditEntry["caller"]["kind"],
    },
    pulls: Number(row["pulls"]),
    lastAtMs: Number(row["last_at_ms"]),
  };
}

import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Everything MCIAS decides. Answers "active" of introspection are not decisions and not recorded. */
export type AuditEvent =
  | "login"
  | "client-login"
  | "device-login"
  | "token-issued"
  | "token-refreshed"
  | "token-revoked"
  | "token-introspected"
  | "account-added"
  | "account-disabled"
  | "account-enabled"
  | "password-changed"
  | "secret-changed"
  | "role-granted"
  | "role-revoked"
  | "key-rotated";

export interface AuditEntry {
  readonly event: AuditEvent;
  readonly outcome: "ok" | "denied";
  /** The account it is about. */
  readonly account?: string | undefined;
  /** Who did it, when that is not the account itself, e.g. `cli:root`. */
  readonly actor?: string | undefined;
  readonly clientId?: string | undefined;
  /** Source address of the request. */
  readonly address?: string | undefined;
  /** The service the login is for, as the caller names it. */
  readonly serviceName?: string | undefined;
  /** Why, in words; never a secret. */
  readonly detail?: string | undefined;
}

export interface RecordedAuditEntry extends AuditEntry {
  readonly id: number;
  readonly atMs: number;
}

export interface AuditQuery {
  readonly sinceMs?: number;
  /** Only entries with a greater id. */
  readonly afterId?: number;
  /** The newest so many; default 100. */
  readonly limit?: number;
}

const MAX_FIELD_CHARACTERS = 256;

/** Table `audit_log`, append-only until retention removes the oldest. */
export class AuditStore {
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #lastId: StatementSync;
  readonly #prune: StatementSync;
  readonly #now: () => number;

  constructor(database: DatabaseSync, now: () => number) {
    this.#now = now;
    this.#insert = database.prepare(
      `INSERT INTO audit_log (at_ms, event, outcome, account, actor, client_id, address, service_name, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#select = database.prepare(
      `SELECT * FROM audit_log WHERE at_ms >= ? AND id > ? ORDER BY id DESC LIMIT ?`,
    );
    this.#lastId = database.prepare("SELECT max(id) AS id FROM audit_log");
    this.#prune = database.prepare(
      `DELETE FROM audit_log WHERE at_ms < ? OR id <= (SELECT max(id) FROM audit_log) - ?`,
    );
  }

  record(entry: AuditEntry): void {
    this.#insert.run(
      this.#now(),
      entry.event,
      entry.outcome,
      bounded(entry.account),
      bounded(entry.actor),
      bounded(entry.clientId),
      bounded(entry.address),
      bounded(entry.serviceName),
      bounded(entry.detail) ?? "",
    );
  }

  /** Oldest first. */
  list(query: AuditQuery): RecordedAuditEntry[] {
    const rows = this.#select.all(
      query.sinceMs ?? 0,
      query.afterId ?? 0,
      query.limit ?? 100,
    ) as unknown as AuditRow[];
    return rows.map(toEntry).toReversed();
  }

  /** 0 when nothing was ever recorded. */
  lastId(): number {
    return (this.#lastId.get() as { id: number | null }).id ?? 0;
  }

  /** Keeps at most `maxEntries`, none older than `beforeMs`. */
  prune(beforeMs: number, maxEntries: number): void {
    this.#prune.run(beforeMs, maxEntries);
  }
}

interface AuditRow {
  readonly id: number;
  readonly at_ms: number;
  readonly event: AuditEvent;
  readonly outcome: "ok" | "denied";
  readonly account: string | null;
  readonly actor: string | null;
  readonly client_id: string | null;
  readonly address: string | null;
  readonly service_name: string | null;
  readonly detail: string;
}

function toEntry(row: AuditRow): RecordedAuditEntry {
  return {
    id: row.id,
    atMs: row.at_ms,
    event: row.event,
    outcome: row.outcome,
    account: row.account ?? undefined,
    actor: row.actor ?? undefined,
    clientId: row.client_id ?? undefined,
    address: row.address ?? undefined,
    serviceName: row.service_name ?? undefined,
    detail: row.detail,
  };
}

/** Callers choose some of these texts: keep them short and on one line. */
function bounded(text: string | undefined): string | null {
  if (text === undefined) return null;
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?").slice(0, MAX_FIELD_CHARACTERS);
}

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { AuditEntry } from "./audit-log.ts";
import { CHAIN_START, chainHash, type ChainedFields } from "./chain.ts";

export interface StoredEntry extends ChainedFields {
  readonly hash: Uint8Array;
}

/** An entry that the chain is known up to. */
export interface Link {
  readonly sequence: number;
  readonly hash: Uint8Array;
}

export interface AuditQuery {
  /** Entries after this one, oldest first; 0: the newest ones. */
  readonly after: number;
  readonly limit: number;
  /** Only those of one; empty: of all. */
  readonly actor: string;
  readonly operation: string;
  readonly mount: string;
}

const MAX_CHARACTERS = 256;
const MAX_FACTS = 16;

/** Table `audit_entries`: each follows the one before by its hash. */
export class AuditStore {
  readonly #sql: DatabaseSync;
  readonly #clock: Clock;
  readonly #insert: StatementSync;
  readonly #last: StatementSync;

  constructor(sql: DatabaseSync, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
    this.#insert = sql.prepare(
      `INSERT INTO audit_entries (sequence, at_ms, actor, operation, mount, subject, outcome, facts, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#last = sql.prepare("SELECT sequence, hash FROM audit_entries ORDER BY sequence DESC LIMIT 1");
  }

  /** To be called in a transaction. */
  append(entry: AuditEntry): void {
    const before = this.last();
    const sequence = before.sequence + 1;
    const atMs = this.#clock.now();
    const facts = JSON.stringify(boundedFacts(entry.facts ?? {}));
    const actor = bounded(entry.actor);
    const operation = bounded(entry.operation);
    const mount = bounded(entry.mount ?? "");
    const subject = bounded(entry.subject ?? "");
    const outcome = entry.outcome ?? "done";
    const hash = chainHash(before.hash, { sequence, atMs, actor, operation, mount, subject, outcome, facts });
    this.#insert.run(sequence, atMs, actor, operation, mount, subject, outcome, facts, hash);
  }

  /** The newest entry; where there are none, what the next follows. */
  last(): Link {
    return (this.#last.get() as unknown as Link | undefined) ?? this.anchor();
  }

  /** What the oldest entry follows. */
  anchor(): Link {
    const row = this.#sql.prepare("SELECT sequence, hash FROM audit_anchor").get();
    return (row as unknown as Link | undefined) ?? CHAIN_START;
  }

  list({ after, limit, actor, operation, mount }: AuditQuery): StoredEntry[] {
    const rows = this.#sql
      .prepare(
        `SELECT sequence, at_ms AS atMs, actor, operation, mount, subject, outcome, facts, hash FROM audit_entries
         WHERE sequence > :after AND :actor IN ('', actor) AND :operation IN ('', operation) AND :mount IN ('', mount)
         ORDER BY sequence ${after === 0 ? "DESC" : "ASC"} LIMIT :limit`,
      )
      .all({ after, limit, actor, operation, mount }) as unknown as StoredEntry[];
    return after === 0 ? rows.toReversed() : rows;
  }

  /** The entries after one, oldest first. */
  after(sequence: number, limit: number): StoredEntry[] {
    return this.#sql
      .prepare(
        `SELECT sequence, at_ms AS atMs, actor, operation, mount, subject, outcome, facts, hash FROM audit_entries
         WHERE sequence > ? ORDER BY sequence LIMIT ?`,
      )
      .all(sequence, limit) as unknown as StoredEntry[];
  }

  /** Removes entries from before a time, and the oldest of more than `maxEntries`. To be called in a transaction. */
  prune(beforeMs: number, maxEntries: number): void {
    const first = this.#sql
      .prepare("SELECT min(sequence) AS first FROM audit_entries WHERE at_ms >= ?")
      .get(beforeMs);
    const { sequence: last } = this.last();
    const byAge = Number(first?.["first"] ?? last + 1) - 1;
    const upTo = Math.max(byAge, last - maxEntries);
    const anchor = this.#sql.prepare("SELECT sequence, hash FROM audit_entries WHERE sequence = ?").get(upTo);
    if (anchor === undefined) return;
    this.#sql
      .prepare(
        "INSERT OR REPLACE INTO audit_anchor (one, sequence, hash) SELECT 1, sequence, hash FROM audit_entries WHERE sequence = ?",
      )
      .run(upTo);
    this.#sql.prepare("DELETE FROM audit_entries WHERE sequence <= ?").run(upTo);
  }
}

function boundedFacts(facts: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(facts).slice(0, MAX_FACTS);
  return Object.fromEntries(kept.map(([name, value]) => [bounded(name), bounded(value)]));
}

/** Callers choose some of these texts: keep them short and on one line. */
function bounded(text: string): string {
  const line = text.replaceAll(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]/gu, "?");
  return line.length <= MAX_CHARACTERS
    ? line.toWellFormed()
    : `${line.slice(0, MAX_CHARACTERS - 1)}…`.toWellFormed();
}

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Name } from "../wire/name.ts";

/** A shared secret with which messages are signed (RFC 8945), without the secret. */
export interface KeyFacts {
  readonly name: Name;
  /** Such as `hmac-sha256`. */
  readonly algorithm: string;
  readonly createdAtMs: number;
  readonly createdBy: string;
}

interface Row {
  readonly name: string;
  readonly algorithm: string;
  readonly created_at_ms: number;
  readonly created_by: string;
}

/** Table `tsig_keys`. Secrets leave it only by `secretOf`, so that a listing can't show one. */
export class KeyTable {
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #all: StatementSync;
  readonly #secret: StatementSync;
  readonly #zones: StatementSync;

  constructor(sql: DatabaseSync) {
    this.#insert = sql.prepare(
      "INSERT INTO tsig_keys (name, algorithm, secret, created_at_ms, created_by) VALUES (?, ?, ?, ?, ?)",
    );
    this.#delete = sql.prepare("DELETE FROM tsig_keys WHERE name = ?");
    this.#all = sql.prepare("SELECT name, algorithm, created_at_ms, created_by FROM tsig_keys ORDER BY name");
    this.#secret = sql.prepare("SELECT algorithm, secret FROM tsig_keys WHERE name = ?");
    this.#zones = sql.prepare(
      `SELECT DISTINCT zones.name FROM zone_keys JOIN zones ON zones.id = zone_id WHERE key = ? ORDER BY zones.name`,
    );
  }

  insert(key: KeyFacts, secret: Uint8Array): void {
    this.#insert.run(key.name, key.algorithm, secret, key.createdAtMs, key.createdBy);
  }

  /** @returns whether there was one */
  remove(name: Name): boolean {
    return this.#delete.run(name).changes > 0;
  }

  /** By name. */
  list(): KeyFacts[] {
    return (this.#all.all() as unknown as Row[]).map((row) => ({
      name: row.name,
      algorithm: row.algorithm,
      createdAtMs: row.created_at_ms,
      createdBy: row.created_by,
    }));
  }

  secretOf(name: Name): { algorithm: string; secret: Uint8Array } | undefined {
    const row = this.#secret.get(name) as { algorithm: string; secret: Uint8Array } | undefined;
    return row === undefined ? undefined : { algorithm: row.algorithm, secret: row.secret };
  }

  /** Names of the zones that the key is for. */
  zonesOf(name: Name): Name[] {
    return (this.#zones.all(name) as unknown as { name: string }[]).map((row) => row.name);
  }
}

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { JWK } from "jose";
import type { KeyState, NewSigningKey, SigningKey } from "./signing-key.ts";

interface KeyRow {
  readonly kid: string;
  readonly state: KeyState;
  readonly public_jwk: string;
  readonly private_jwk: string | null;
  readonly created_at_ms: number;
  readonly activated_at_ms: number | null;
  readonly retired_at_ms: number | null;
}

/** Table `signing_keys`. */
export class KeyStore {
  readonly #currentKid: StatementSync;
  readonly #list: StatementSync;
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #retire: StatementSync;
  readonly #activate: StatementSync;
  readonly #prune: StatementSync;

  constructor(database: DatabaseSync) {
    this.#currentKid = database.prepare("SELECT kid FROM signing_keys WHERE state = 'current'");
    this.#list = database.prepare(
      `SELECT * FROM signing_keys
       ORDER BY CASE state WHEN 'current' THEN 0 WHEN 'next' THEN 1 ELSE 2 END, retired_at_ms DESC`,
    );
    this.#find = database.prepare("SELECT * FROM signing_keys WHERE kid = ?");
    this.#insert = database.prepare(
      `INSERT INTO signing_keys (kid, state, public_jwk, private_jwk, created_at_ms, activated_at_ms)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.#retire = database.prepare(
      `UPDATE signing_keys SET state = 'previous', private_jwk = NULL, retired_at_ms = ?
       WHERE state = 'current'`,
    );
    this.#activate = database.prepare(
      `UPDATE signing_keys SET state = 'current', activated_at_ms = ? WHERE state = 'next'`,
    );
    this.#prune = database.prepare(
      `DELETE FROM signing_keys
       WHERE state = 'previous' AND retired_at_ms <= ?
         AND NOT EXISTS (
           SELECT 1 FROM issued_tokens t
           WHERE t.kid = signing_keys.kid AND t.revoked_at_ms IS NULL AND t.expires_at_ms > ?)`,
    );
  }

  currentKid(): string | undefined {
    return (this.#currentKid.get() as { kid: string } | undefined)?.kid;
  }

  /** Current, next, then the previous ones, latest first. */
  list(): SigningKey[] {
    return (this.#list.all() as unknown as KeyRow[]).map(toKey);
  }

  find(kid: string): SigningKey | undefined {
    const row = this.#find.get(kid) as unknown as KeyRow | undefined;
    return row === undefined ? undefined : toKey(row);
  }

  add(key: NewSigningKey, state: "next" | "current", nowMs: number): void {
    const activatedAtMs = state === "current" ? nowMs : null;
    this.#insert.run(
      key.kid,
      state,
      JSON.stringify(key.publicJwk),
      JSON.stringify(key.privateJwk),
      nowMs,
      activatedAtMs,
    );
  }

  /** Current becomes previous, next becomes current. Call within a transaction. */
  advance(nowMs: number): void {
    this.#retire.run(nowMs);
    this.#activate.run(nowMs);
  }

  /** Removes previous keys retired at or before `retiredBeforeMs` that no live token needs. */
  prune(retiredBeforeMs: number, nowMs: number): void {
    this.#prune.run(retiredBeforeMs, nowMs);
  }
}

function toKey(row: KeyRow): SigningKey {
  return {
    kid: row.kid,
    state: row.state,
    publicJwk: JSON.parse(row.public_jwk) as JWK,
    privateJwk: row.private_jwk === null ? undefined : (JSON.parse(row.private_jwk) as JWK),
    createdAtMs: row.created_at_ms,
    activatedAtMs: row.activated_at_ms ?? undefined,
    retiredAtMs: row.retired_at_ms ?? undefined,
  };
}

import type { DatabaseSync, StatementSync } from "node:sqlite";

/** What MCIAS remembers of an access token; the token itself is not stored. */
export interface IssuedToken {
  /** The `jti` claim. */
  readonly jti: string;
  readonly account: string;
  readonly clientId: string;
  /** The login it descends from; undefined for tokens that stand alone. */
  readonly grantId: string | undefined;
  /** The key that signed it. */
  readonly kid: string;
  readonly scope: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs: number | undefined;
}

interface TokenRow {
  readonly jti: string;
  readonly account: string;
  readonly client_id: string;
  readonly grant_id: string | null;
  readonly kid: string;
  readonly scope: string;
  readonly issued_at_ms: number;
  readonly expires_at_ms: number;
  readonly revoked_at_ms: number | null;
}

/** Table `issued_tokens`. */
export class TokenStore {
  readonly #insert: StatementSync;
  readonly #find: StatementSync;
  readonly #revoke: StatementSync;
  readonly #revokeGrant: StatementSync;
  readonly #revokeAccount: StatementSync;
  readonly #prune: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      `INSERT INTO issued_tokens
         (jti, account, client_id, grant_id, kid, scope, issued_at_ms, expires_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#find = database.prepare("SELECT * FROM issued_tokens WHERE jti = ?");
    const revoke = "UPDATE issued_tokens SET revoked_at_ms = ? WHERE revoked_at_ms IS NULL";
    this.#revoke = database.prepare(`${revoke} AND jti = ?`);
    this.#revokeGrant = database.prepare(`${revoke} AND grant_id = ?`);
    this.#revokeAccount = database.prepare(`${revoke} AND account = ? AND expires_at_ms > ?`);
    this.#prune = database.prepare("DELETE FROM issued_tokens WHERE expires_at_ms <= ?");
  }

  add(token: Omit<IssuedToken, "revokedAtMs">): void {
    this.#insert.run(
      token.jti,
      token.account,
      token.clientId,
      token.grantId ?? null,
      token.kid,
      token.scope,
      token.issuedAtMs,
      token.expiresAtMs,
    );
  }

  find(jti: string): IssuedToken | undefined {
    const row = this.#find.get(jti) as unknown as TokenRow | undefined;
    if (row === undefined) return undefined;
    return {
      jti: row.jti,
      account: row.account,
      clientId: row.client_id,
      grantId: row.grant_id ?? undefined,
      kid: row.kid,
      scope: row.scope,
      issuedAtMs: row.issued_at_ms,
      expiresAtMs: row.expires_at_ms,
      revokedAtMs: row.revoked_at_ms ?? undefined,
    };
  }

  revoke(jti: string, nowMs: number): void {
    this.#revoke.run(nowMs, jti);
  }

  revokeGrant(grantId: string, nowMs: number): void {
    this.#revokeGrant.run(nowMs, grantId);
  }

  /** Returns how many living tokens this ended. */
  revokeAccount(account: string, nowMs: number): number {
    return Number(this.#revokeAccount.run(nowMs, account, nowMs).changes);
  }

  /** Forgets tokens that have expired. */
  prune(nowMs: number): void {
    this.#prune.run(nowMs);
  }
}

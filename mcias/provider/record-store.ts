import { createHash } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AdapterPayload } from "oidc-provider";

interface RecordRow {
  readonly id: string;
  readonly payload: string;
  readonly consumed_at_ms: number | null;
}

/**
 * Records whose identifier is itself a credential, kept under its hash: a copy of the database
 * doesn't hold a refresh token that works.
 */
const HASHED_MODELS: ReadonlySet<string> = new Set(["RefreshToken"]);

/** Table `protocol_records`: what the OAuth library keeps (grants, refresh tokens, device codes). */
export class RecordStore {
  readonly #upsert: StatementSync;
  readonly #find: StatementSync;
  readonly #findByUserCode: StatementSync;
  readonly #findByUid: StatementSync;
  readonly #consume: StatementSync;
  readonly #destroy: StatementSync;
  readonly #destroyByGrant: StatementSync;
  readonly #revokeGrant: StatementSync;
  readonly #revokeAccount: StatementSync;
  readonly #prune: StatementSync;

  constructor(database: DatabaseSync) {
    this.#upsert = database.prepare(
      `INSERT INTO protocol_records (model, id, payload, account, grant_id, user_code, uid, expires_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, account = excluded.account,
         grant_id = excluded.grant_id, user_code = excluded.user_code, uid = excluded.uid,
         expires_at_ms = excluded.expires_at_ms`,
    );
    const select = "SELECT id, payload, consumed_at_ms FROM protocol_records WHERE model = ?";
    this.#find = database.prepare(`${select} AND id = ?`);
    this.#findByUserCode = database.prepare(`${select} AND user_code = ?`);
    this.#findByUid = database.prepare(`${select} AND uid = ?`);
    this.#consume = database.prepare(
      `UPDATE protocol_records SET consumed_at_ms = ?
       WHERE model = ? AND id = ? AND consumed_at_ms IS NULL`,
    );
    this.#destroy = database.prepare("DELETE FROM protocol_records WHERE model = ? AND id = ?");
    this.#destroyByGrant = database.prepare("DELETE FROM protocol_records WHERE model = ? AND grant_id = ?");
    this.#revokeGrant = database.prepare(
      "DELETE FROM protocol_records WHERE grant_id = ? OR (model = 'Grant' AND id = ?)",
    );
    this.#revokeAccount = database.prepare("DELETE FROM protocol_records WHERE account = ?");
    this.#prune = database.prepare("DELETE FROM protocol_records WHERE expires_at_ms <= ?");
  }

  put(model: string, id: string, payload: AdapterPayload, expiresAtMs: number): void {
    const { jti: _, ...withoutId } = payload;
    this.#upsert.run(
      model,
      keyOf(model, id),
      JSON.stringify(HASHED_MODELS.has(model) ? withoutId : payload),
      payload.accountId ?? null,
      payload.grantId ?? null,
      payload.userCode ?? null,
      payload.uid ?? null,
      expiresAtMs,
    );
  }

  find(model: string, id: string): AdapterPayload | undefined {
    const payload = toPayload(this.#find.get(model, keyOf(model, id)));
    return payload === undefined ? undefined : { ...payload, jti: id };
  }

  findByUserCode(model: string, userCode: string): AdapterPayload | undefined {
    return toPayload(this.#findByUserCode.get(model, userCode));
  }

  findByUid(model: string, uid: string): AdapterPayload | undefined {
    return toPayload(this.#findByUid.get(model, uid));
  }

  /** Returns false when it had been consumed before, or doesn't exist. */
  consume(model: string, id: string, nowMs: number): boolean {
    return this.#consume.run(nowMs, model, keyOf(model, id)).changes > 0;
  }

  destroy(model: string, id: string): void {
    this.#destroy.run(model, keyOf(model, id));
  }

  destroyByGrant(model: string, grantId: string): void {
    this.#destroyByGrant.run(model, grantId);
  }

  /** Ends a login: the grant itself, its refresh tokens and device codes. */
  revokeGrant(grantId: string): void {
    this.#revokeGrant.run(grantId, grantId);
  }

  /** Ends every login of an account. */
  revokeAccount(account: string): void {
    this.#revokeAccount.run(account);
  }

  prune(nowMs: number): void {
    this.#prune.run(nowMs);
  }
}

function keyOf(model: string, id: string): string {
  return HASHED_MODELS.has(model) ? createHash("sha256").update(id).digest("base64url") : id;
}

function toPayload(found: unknown): AdapterPayload | undefined {
  const row = found as RecordRow | undefined;
  if (row === undefined) return undefined;
  const payload = JSON.parse(row.payload) as AdapterPayload;
  return row.consumed_at_ms === null
    ? payload
    : { ...payload, consumed: Math.floor(row.consumed_at_ms / 1000) };
}

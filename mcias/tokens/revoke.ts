import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { RunInTransaction } from "@metacircular/mcdsl/database/transaction.ts";
import type { AuditEntry, AuditStore } from "../audit/audit-store.ts";
import type { RecordStore } from "../provider/record-store.ts";
import type { TokenInspector } from "./inspect.ts";
import type { TokenStore } from "./token-store.ts";

export interface TokenRevokerParts {
  readonly inspector: TokenInspector;
  readonly tokens: TokenStore;
  readonly records: RecordStore;
  readonly audit: AuditStore;
  readonly transaction: RunInTransaction;
  readonly clock: Pick<Clock, "now">;
}

/** A token that can be revoked: which login or single token ends with it. */
export interface Revocable {
  readonly account: string;
  readonly clientId: string;
  readonly grantId: string | undefined;
  readonly jti: string | undefined;
}

/** Ends tokens. Introspection says inactive from the next call on. */
export class TokenRevoker {
  readonly #parts: TokenRevokerParts;

  constructor(parts: TokenRevokerParts) {
    this.#parts = parts;
  }

  /** What an access token (also a dead one) or a refresh token belongs to; undefined for anything else. */
  async find(text: string): Promise<Revocable | undefined> {
    const { token } = await this.#parts.inspector.inspect(text);
    if (token !== undefined) return token;
    const refresh = this.#parts.records.find("RefreshToken", text);
    if (refresh?.accountId === undefined || refresh.grantId === undefined) return undefined;
    const { accountId: account, grantId, clientId } = refresh;
    return { account, clientId: clientId ?? "", grantId, jti: undefined };
  }

  /** Ends the whole login that the token comes from, with its refresh tokens. */
  revoke(target: Revocable, by: Pick<AuditEntry, "actor" | "address" | "clientId">): void {
    const { tokens, records, audit, transaction, clock } = this.#parts;
    transaction(() => {
      if (target.jti !== undefined) tokens.revoke(target.jti, clock.now());
      if (target.grantId !== undefined) {
        tokens.revokeGrant(target.grantId, clock.now());
        records.revokeGrant(target.grantId);
      }
      audit.record({ event: "token-revoked", outcome: "ok", account: target.account, ...by });
    });
  }

  /** Ends every login and token of an account. Returns how many living access tokens that were. */
  revokeAccount(name: string): number {
    const { tokens, records, transaction, clock } = this.#parts;
    return transaction(() => {
      records.revokeAccount(name);
      return tokens.revokeAccount(name, clock.now());
    });
  }
}

import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { errors, jwtVerify, type JWTHeaderParameters } from "jose";
import type { Account } from "../accounts/account.ts";
import type { AccountStore } from "../accounts/account-store.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { SIGNING_ALGORITHM } from "../keys/signing-key.ts";
import { ACCESS_TOKEN_TYPE } from "./claims.ts";
import type { IssuedToken, TokenStore } from "./token-store.ts";

export type Inspection =
  | { readonly active: true; readonly token: IssuedToken; readonly account: Account }
  | {
      readonly active: false;
      /** In words, for the audit log; callers only learn that it isn't active. */
      readonly reason: string;
      /** Known only when the token is one of ours. */
      readonly token?: IssuedToken;
    };

const MAX_TOKEN_CHARACTERS = 8192;

export interface TokenInspectorParts {
  readonly keys: KeyRing;
  readonly tokens: TokenStore;
  readonly accounts: AccountStore;
  readonly issuer: string;
  readonly clock: Pick<Clock, "now">;
}

/** Answers whether an access token is good at this moment. */
export class TokenInspector {
  readonly #parts: TokenInspectorParts;

  constructor(parts: TokenInspectorParts) {
    this.#parts = parts;
  }

  async inspect(text: string): Promise<Inspection> {
    const verified = await this.#verify(text);
    if ("reason" in verified) return { active: false, reason: verified.reason };
    const token = this.#parts.tokens.find(verified.jti);
    if (token === undefined) return { active: false, reason: "unknown token" };
    if (token.revokedAtMs !== undefined) return { active: false, reason: "revoked", token };
    if (token.expiresAtMs <= this.#parts.clock.now()) return { active: false, reason: "expired", token };
    const account = this.#parts.accounts.find(token.account);
    if (account === undefined || account.disabled) {
      return { active: false, reason: "account is disabled", token };
    }
    return { active: true, token, account };
  }

  async #verify(text: string): Promise<{ jti: string } | { reason: string }> {
    if (text.length > MAX_TOKEN_CHARACTERS) return { reason: "too long to be a token" };
    try {
      const { payload } = await jwtVerify(text, (header) => this.#keyFor(header), {
        issuer: this.#parts.issuer,
        algorithms: [SIGNING_ALGORITHM],
        typ: ACCESS_TOKEN_TYPE,
        currentDate: new Date(this.#parts.clock.now()),
      });
      return payload.jti === undefined ? { reason: "no token id" } : { jti: payload.jti };
    } catch (thrown) {
      if (thrown instanceof errors.JWTExpired) return { reason: "expired" };
      if (thrown instanceof errors.JOSEError) return { reason: "not a token of ours" };
      throw thrown;
    }
  }

  async #keyFor(header: JWTHeaderParameters) {
    const key = await this.#parts.keys.verificationKey(header.kid ?? "");
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key;
  }
}

import { randomBytes } from "node:crypto";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { importJWK, SignJWT } from "jose";
import type { AccountStore } from "../accounts/account-store.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { SIGNING_ALGORITHM } from "../keys/signing-key.ts";
import { ACCESS_TOKEN_TYPE, type AccessTokenClaims, AUDIENCE, SCOPE } from "./claims.ts";
import type { TokenStore } from "./token-store.ts";

/**
 * Issues a long-lived token for a system account, without a password.
 * @throws DetailedError NO_SUCH_ACCOUNT, NOT_A_SYSTEM_ACCOUNT, ACCOUNT_DISABLED
 */
export async function issueSystemToken(
  parts: { accounts: AccountStore; tokens: TokenStore; keys: KeyRing; clock: Pick<Clock, "now"> },
  options: { name: string; issuer: string; lifetimeMs: number },
): Promise<{ token: string; jti: string; expiresAtMs: number }> {
  requireActiveSystemAccount(parts.accounts, options.name);
  const key = await parts.keys.current();
  const issuedAt = Math.floor(parts.clock.now() / 1000);
  const claims: AccessTokenClaims = {
    iss: options.issuer,
    sub: options.name,
    aud: AUDIENCE,
    client_id: options.name,
    scope: SCOPE,
    account_type: "system",
    jti: randomBytes(16).toString("base64url"),
    iat: issuedAt,
    exp: issuedAt + Math.floor(options.lifetimeMs / 1000),
  };
  const token = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: ACCESS_TOKEN_TYPE, kid: key.kid })
    .sign(await importJWK(key.privateJwk, SIGNING_ALGORITHM));
  parts.tokens.add({
    jti: claims.jti,
    account: claims.sub,
    clientId: claims.client_id,
    grantId: undefined,
    kid: key.kid,
    scope: claims.scope,
    issuedAtMs: claims.iat * 1000,
    expiresAtMs: claims.exp * 1000,
  });
  return { token, jti: claims.jti, expiresAtMs: claims.exp * 1000 };
}

function requireActiveSystemAccount(accounts: AccountStore, name: string): void {
  const account = accounts.require(name);
  if (account.kind === "system" && !account.disabled) return;
  const human = account.kind === "human";
  throw new DetailedError({
    code: human ? "NOT_A_SYSTEM_ACCOUNT" : "ACCOUNT_DISABLED",
    category: "failed-precondition",
    attempted: "issue token for",
    subject: name,
    found: human ? "it is a human account; humans log in" : "the account is disabled",
    remedy: human ? "name a system account" : `run \`mcias account enable ${name}\` first`,
  });
}

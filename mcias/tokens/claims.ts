import type { AccountKind } from "../accounts/account.ts";

/** Every service of the platform takes the same tokens; the resource indicator of RFC 8707. */
export const AUDIENCE = "urn:metacircular:platform";

/** What a token is good for; finer decisions are each service's policy. */
export const SCOPE = "platform";

/** RFC 9068. */
export const ACCESS_TOKEN_TYPE = "at+jwt";

/**
 * Claims of our access tokens. Roles are not among them: they are asked for by introspection,
 * so that taking one away works at once.
 */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly client_id: string;
  readonly scope: string;
  readonly account_type: AccountKind;
  readonly jti: string;
  /** Seconds since the epoch, as `exp`. */
  readonly iat: number;
  readonly exp: number;
}

import { DetailedError } from "../errors.ts";

const attempted = "authenticate";
const remedy = "log in again";

export function tokenMissing(): DetailedError {
  const found = "the call carries no bearer token";
  return unauthenticated("TOKEN_MISSING", found, undefined, "log in, and send the token");
}

export function tokenInvalid(found: string, cause?: unknown): DetailedError {
  return unauthenticated("TOKEN_INVALID", found, cause);
}

export function tokenExpired(): DetailedError {
  return unauthenticated("TOKEN_EXPIRED", "the token has expired");
}

export function tokenRevoked(): DetailedError {
  return unauthenticated("TOKEN_REVOKED", "the token was revoked or its account disabled");
}

/** The identity provider could not be asked, or gave no usable answer. */
export function identityUnavailable(issuer: string, found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "IDENTITY_UNAVAILABLE",
    category: "unavailable",
    attempted: "check the token with",
    subject: issuer,
    found,
    remedy: "try again when the identity service works",
    cause,
  });
}

function unauthenticated(code: string, found: string, cause?: unknown, next = remedy): DetailedError {
  return new DetailedError({ code, category: "unauthenticated", attempted, found, remedy: next, cause });
}

import { DetailedError, type ErrorFacts } from "@metacircular/mcdsl/errors.ts";
import type { JsonResponse } from "@metacircular/mcdsl/http/json-client.ts";
import { z } from "zod";

/** RFC 6749 section 5.2. */
const refusalSchema = z.object({ error: z.string(), error_description: z.string().optional() });

/** The `error` of a refusal; empty when the answer isn't one. */
export function errorIn(body: unknown): string {
  return refusalSchema.safeParse(body).data?.error ?? "";
}

export function unavailable(issuer: string, found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "IDENTITY_UNAVAILABLE",
    category: "unavailable",
    attempted: "use the identity service",
    subject: issuer,
    found,
    remedy: "try again when the identity service works",
    cause,
  });
}

export function tokenInactive(issuer: string): DetailedError {
  return new DetailedError({
    code: "TOKEN_INACTIVE",
    category: "unauthenticated",
    attempted: "ask who I am at",
    subject: issuer,
    found: "the token is expired or revoked, or its account disabled",
    remedy: "log in again",
  });
}

/** What a token endpoint's refusal means to the one who asked. */
export function tokenRefusal(
  response: JsonResponse,
  context: { issuer: string; subject: string; grantType: string },
): DetailedError {
  const { subject, grantType, issuer } = context;
  const retryAfterSeconds = Number(response.headers["retry-after"] ?? 0);
  const login = { attempted: "log in", subject };
  switch (errorIn(response.body)) {
    case "account_locked":
      return locked("ACCOUNT_LOCKED", "too many wrong passwords for this account", login, retryAfterSeconds);
    case "too_many_attempts":
      return locked(
        "TOO_MANY_ATTEMPTS",
        "too many failed attempts from this machine",
        login,
        retryAfterSeconds,
      );
    case "invalid_grant":
      return grantType === "refresh_token" ? loginEnded(issuer) : refused(login, "user name or password");
    case "invalid_client":
      return refused(login, "client identifier or client secret");
    default:
      return unavailable(issuer, `it answered ${response.status} ${describe(response.body)}`.trimEnd());
  }
}

function refused(login: Pick<ErrorFacts, "attempted" | "subject">, what: string): DetailedError {
  return new DetailedError({
    ...login,
    code: "LOGIN_REFUSED",
    category: "unauthenticated",
    found: `the ${what} is wrong, or the account is disabled`,
    remedy: "check both and try again",
  });
}

function loginEnded(issuer: string): DetailedError {
  return new DetailedError({
    code: "LOGIN_ENDED",
    category: "unauthenticated",
    attempted: "renew the login at",
    subject: issuer,
    found: "it has expired, was revoked, or its token was used before",
    remedy: "log in again",
  });
}

function locked(
  code: string,
  reason: string,
  login: Pick<ErrorFacts, "attempted" | "subject">,
  retryAfterSeconds: number,
): DetailedError {
  return new DetailedError({
    ...login,
    code,
    category: "resource-exhausted",
    found: reason,
    remedy: `try again in ${retryAfterSeconds} s`,
    facts: { retryAfterSeconds: String(retryAfterSeconds) },
  });
}

function describe(body: unknown): string {
  const refusal = refusalSchema.safeParse(body).data;
  if (refusal === undefined) return "";
  return `(${[refusal.error, refusal.error_description].filter(Boolean).join(": ")})`;
}

import type { Identifier } from "./identifier.ts";
import type { ProblemDocument } from "./problem.ts";

/** How control over an identifier can be shown. */
export const challengeTypes = ["http-01", "dns-01", "tls-alpn-01"] as const;
export type ChallengeType = (typeof challengeTypes)[number];

/** RFC 8555, section 8. All challenges of an authorisation have tokens of their own. */
export interface Challenge {
  readonly type: ChallengeType;
  /** base64url, 32 random bytes. */
  readonly token: string;
  readonly status: "pending" | "processing" | "valid" | "invalid";
  /** Milliseconds since the epoch. */
  readonly validatedAtMs?: number;
  /** Why it failed; while processing, why the last attempt did. */
  readonly error?: ProblemDocument;
}

/** An authorisation as it is stored (RFC 8555, section 7.1.4). */
export interface Authorization {
  readonly id: string;
  readonly accountId: string;
  /** Without the prefix of a wildcard. */
  readonly identifier: Identifier;
  readonly wildcard: boolean;
  readonly stage: "pending" | "valid" | "invalid" | "deactivated" | "revoked";
  readonly expiresAtMs: number;
  readonly challenges: readonly Challenge[];
}

export type AuthorizationStatus = Authorization["stage"] | "expired";

/** What an authorisation is now. A pending one that is too old can only be invalid (RFC 8555, section 7.1.6). */
export function authorizationStatus(authorization: Authorization, nowMs: number): AuthorizationStatus {
  if (authorization.expiresAtMs > nowMs) return authorization.stage;
  if (authorization.stage === "valid") return "expired";
  return authorization.stage === "pending" ? "invalid" : authorization.stage;
}

/** The types that can show control over an identifier: a wildcard's only through the DNS (RFC 8555, section 7.1.4),
 * an address's never (RFC 8738, section 7). */
export function possibleChallenges(
  identifier: Identifier,
  wildcard: boolean,
  allowed: readonly ChallengeType[],
): ChallengeType[] {
  return allowed.filter((type) => {
    if (wildcard) return type === "dns-01";
    return identifier.type === "dns" || type !== "dns-01";
  });
}

/** The authorisation after one of its challenges was validated, or finally failed. */
export function withOutcome(
  authorization: Authorization,
  type: ChallengeType,
  outcome: { readonly validatedAtMs: number; readonly expiresAtMs: number } | ProblemDocument,
): Authorization {
  const succeeded = "validatedAtMs" in outcome;
  return {
    ...authorization,
    stage: succeeded ? "valid" : "invalid",
    expiresAtMs: succeeded ? outcome.expiresAtMs : authorization.expiresAtMs,
    challenges: authorization.challenges.map((challenge) => {
      if (challenge.type !== type) return challenge;
      const { type: own, token } = challenge;
      return succeeded
        ? { type: own, token, status: "valid", validatedAtMs: outcome.validatedAtMs }
        : { type: own, token, status: "invalid", error: outcome };
    }),
  };
}

/** The authorisation with one of its challenges in process. */
export function withAttempt(
  authorization: Authorization,
  type: ChallengeType,
  error?: ProblemDocument,
): Authorization {
  return {
    ...authorization,
    challenges: authorization.challenges.map((challenge) =>
      challenge.type === type
        ? { ...challenge, status: "processing", ...(error === undefined ? {} : { error }) }
        : challenge,
    ),
  };
}

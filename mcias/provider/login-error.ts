import { errors } from "oidc-provider";
import type { LoginOutcome } from "../login/password-login.ts";

/** A login that was decided, and recorded, by `PasswordLogin`. */
export class LoginError extends errors.CustomOIDCProviderError {
  /** Whole seconds; undefined when waiting doesn't help. */
  readonly retryAfterSeconds: number | undefined;

  constructor(answer: LoginRefusal) {
    super(answer.error, answer.description);
    this.status = answer.status;
    this.statusCode = answer.status;
    this.retryAfterSeconds = answer.retryAfterSeconds;
  }
}

export interface LoginRefusal {
  readonly status: number;
  /** The `error` of the token response; the last three are ours. */
  readonly error: "invalid_grant" | "account_locked" | "too_many_attempts" | "temporarily_unavailable";
  readonly description: string;
  readonly retryAfterSeconds: number | undefined;
}

/** What a caller is told. Unknown, disabled and wrong-password accounts all read the same. */
export function refusalOf(outcome: Exclude<LoginOutcome, { kind: "ok" }>): LoginRefusal {
  switch (outcome.kind) {
    case "refused":
      return {
        status: 400,
        error: "invalid_grant",
        description: "the user name or the password is wrong",
        retryAfterSeconds: undefined,
      };
    case "locked":
      return waiting(
        429,
        "account_locked",
        "too many wrong passwords for this account",
        outcome.retryAfterMs,
      );
    case "throttled":
      return waiting(
        429,
        "too_many_attempts",
        "too many failed attempts from this address",
        outcome.retryAfterMs,
      );
    case "busy":
      return waiting(503, "temporarily_unavailable", "too many logins at the same time", 1000);
  }
}

function waiting(
  status: number,
  error: LoginRefusal["error"],
  reason: string,
  retryAfterMs: number,
): LoginRefusal {
  const retryAfterSeconds = Math.ceil(retryAfterMs / 1000);
  const unit = retryAfterSeconds === 1 ? "second" : "seconds";
  return {
    status,
    error,
    description: `${reason}; try again in ${retryAfterSeconds} ${unit}`,
    retryAfterSeconds,
  };
}

import type { ErrorCategory } from "../errors.ts";

/** The status of HTTP that a failure of a category has (RFC 9110, section 15). */
export const statusByCategory: Readonly<Record<ErrorCategory, number>> = {
  "invalid-argument": 400,
  unauthenticated: 401,
  "permission-denied": 403,
  "not-found": 404,
  "already-exists": 409,
  "failed-precondition": 409,
  aborted: 409,
  "resource-exhausted": 429,
  cancelled: 499,
  internal: 500,
  unavailable: 503,
  "deadline-exceeded": 504,
};

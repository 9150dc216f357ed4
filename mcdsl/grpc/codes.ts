import { Code } from "@connectrpc/connect";
import type { ErrorCategory } from "../errors.ts";

/** The gRPC status of each kind of failure. */
const codeByCategory: Readonly<Record<ErrorCategory, Code>> = {
  "invalid-argument": Code.InvalidArgument,
  "not-found": Code.NotFound,
  "already-exists": Code.AlreadyExists,
  "failed-precondition": Code.FailedPrecondition,
  aborted: Code.Aborted,
  unauthenticated: Code.Unauthenticated,
  "permission-denied": Code.PermissionDenied,
  "resource-exhausted": Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  "deadline-exceeded": Code.DeadlineExceeded,
  cancelled: Code.Canceled,
  internal: Code.Internal,
};

const categoryByCode = new Map(
  Object.entries(codeByCategory).map(([category, code]) => [code, category as ErrorCategory]),
);

export function codeOf(category: ErrorCategory): Code {
  return codeByCategory[category];
}

/** Statuses that no kind of failure has: UNIMPLEMENTED and OUT_OF_RANGE are preconditions, the rest internal. */
export function categoryOf(code: Code): ErrorCategory {
  if (code === Code.Unimplemented || code === Code.OutOfRange) return "failed-precondition";
  return categoryByCode.get(code) ?? "internal";
}

const names: Readonly<Record<number, string>> = {
  0: "OK",
  [Code.Canceled]: "CANCELLED",
  [Code.Unknown]: "UNKNOWN",
  [Code.InvalidArgument]: "INVALID_ARGUMENT",
  [Code.DeadlineExceeded]: "DEADLINE_EXCEEDED",
  [Code.NotFound]: "NOT_FOUND",
  [Code.AlreadyExists]: "ALREADY_EXISTS",
  [Code.PermissionDenied]: "PERMISSION_DENIED",
  [Code.ResourceExhausted]: "RESOURCE_EXHAUSTED",
  [Code.FailedPrecondition]: "FAILED_PRECONDITION",
  [Code.Aborted]: "ABORTED",
  [Code.OutOfRange]: "OUT_OF_RANGE",
  [Code.Unimplemented]: "UNIMPLEMENTED",
  [Code.Internal]: "INTERNAL",
  [Code.Unavailable]: "UNAVAILABLE",
  [Code.DataLoss]: "DATA_LOSS",
  [Code.Unauthenticated]: "UNAUTHENTICATED",
};

/** Name of a gRPC status, as in the gRPC documentation. */
export function statusName(code: number): string {
  return names[code] ?? `STATUS_${code}`;
}

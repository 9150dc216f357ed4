import type { Authorization } from "./authorization.ts";
import { authorizationStatus } from "./authorization.ts";
import type { Identifier } from "./identifier.ts";
import { AcmeProblem, type ProblemDocument } from "./problem.ts";

/** An order as it is stored (RFC 8555, section 7.1.3). */
export interface AcmeOrder {
  readonly id: string;
  readonly accountId: string;
  /** Only what was decided by the order itself; `orderStatus` says what it is now. */
  readonly stage: "open" | "processing" | "valid" | "invalid";
  readonly identifiers: readonly Identifier[];
  readonly authorizationIds: readonly string[];
  /** What the client asked for, milliseconds since the epoch. */
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** DER, base64url; set from finalisation on. */
  readonly csr?: string;
  /** Hexadecimal; set once valid. */
  readonly serialNumber?: string;
  readonly error?: ProblemDocument;
  /** Id of the certificate that this order's replaces (RFC 9773, section 5). */
  readonly replaces?: string;
}

export type OrderStatus = "pending" | "ready" | "processing" | "valid" | "invalid";

/** What an order is now (RFC 8555, section 7.1.6). Until it is finalised that follows from its authorisations, so
 * nothing has to be written when one of them changes.
 *
 * pending: some authorisation isn't valid yet. ready: all are. processing: the certificate is being issued. valid:
 * it is issued. invalid: it expired, an authorisation cannot become valid any more, or issuing failed. */
export function orderStatus(
  order: AcmeOrder,
  authorizations: readonly Authorization[],
  nowMs: number,
): OrderStatus {
  if (order.stage !== "open") return order.stage;
  if (order.expiresAtMs <= nowMs || authorizations.length < order.authorizationIds.length) return "invalid";
  const statuses = authorizations.map((authorization) => authorizationStatus(authorization, nowMs));
  if (statuses.every((status) => status === "valid")) return "ready";
  return statuses.every((status) => status === "valid" || status === "pending") ? "pending" : "invalid";
}

/** Why an order is invalid: what is stored, else the problems of its authorisations. */
export function orderError(
  order: AcmeOrder,
  authorizations: readonly Authorization[],
  nowMs: number,
): ProblemDocument | undefined {
  if (order.error !== undefined) return order.error;
  if (orderStatus(order, authorizations, nowMs) !== "invalid") return undefined;
  if (order.expiresAtMs <= nowMs) return new AcmeProblem("malformed", "the order has expired").document;
  const failed = authorizations.flatMap(({ identifier, challenges }) =>
    challenges.flatMap(({ status, error }) =>
      status === "invalid" && error !== undefined ? [{ ...error, identifier }] : [],
    ),
  );
  if (failed.length > 0) {
    const detail = "some of the identifiers could not be validated";
    return new AcmeProblem("unauthorized", detail, { subproblems: failed }).document;
  }
  return new AcmeProblem("unauthorized", "an authorization of the order is no longer valid").document;
}

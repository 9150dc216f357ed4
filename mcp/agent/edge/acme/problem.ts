import { DetailedError, type ErrorCategory } from "@metacircular/mcdsl/errors.ts";

/** A problem document (RFC 7807) of an ACME server. */
export interface AcmeProblem {
  readonly type?: string | undefined;
  readonly detail?: string | undefined;
  readonly subproblems?: readonly AcmeProblem[] | undefined;
}

const prefix = "urn:ietf:params:acme:error:";

/** Problems that end by themselves, at the server, in the network, or once the other services of the edge are back. */
const passing: ReadonlySet<string> = new Set([
  "badNonce",
  "connection",
  "dns",
  "rateLimited",
  "serverInternal",
  "tls",
]);

/** What an ACME server's refusal means. Of category unavailable where the same request may succeed later.
 * @param about.status of the HTTP answer; 0: the problem of a challenge */
export function acmeError(
  problem: AcmeProblem,
  { attempted, subject, status }: { attempted: string; subject: string; status: number },
): DetailedError {
  const kind = (problem.type ?? "").replace(prefix, "");
  const isPassing = passing.has(kind) || status >= 500 || status === 429;
  const details = [problem.detail ?? "", ...(problem.subproblems ?? []).map(({ detail = "" }) => detail)];
  const category: ErrorCategory = isPassing ? "unavailable" : "failed-precondition";
  return new DetailedError({
    code: isPassing ? "ACME_UNAVAILABLE" : "ACME_REFUSED",
    category,
    attempted,
    subject,
    found: [kind === "" ? `HTTP status ${status}` : kind, ...details]
      .filter((part) => part !== "")
      .join(": "),
    remedy: isPassing
      ? "nothing: it is tried again; docs/edge.md says what to look at when it lasts"
      : "correct the host name or what the authority allows, then deploy again",
    facts: { problem: kind, status: String(status) },
  });
}

/** The server does not do as RFC 8555 says. */
export function acmeInvalid(attempted: string, subject: string, found: string): DetailedError {
  return new DetailedError({
    code: "ACME_INVALID",
    category: "failed-precondition",
    attempted,
    subject,
    found,
    remedy: "check directory_url in [acme]",
  });
}

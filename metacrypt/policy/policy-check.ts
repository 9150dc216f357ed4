import type { Identity } from "@metacircular/mcdsl/auth/identity.ts";

/** Whom the policy judges: the caller of a request, or the account that an ACME account is bound to. */
export type PolicySubject = Pick<Identity, "name" | "kind" | "roles">;

/** What somebody wants to do. */
export interface PolicyRequest {
  readonly identity: PolicySubject;
  /** Name of the mount. */
  readonly mount: string;
  /** `<engine>/<verb>`, e.g. `ca/issue`. */
  readonly operation: string;
  /** What it is about, where the operation is about names: DNS names (also `*.example.org`), IP addresses, … */
  readonly names?: readonly string[];
}

/** Decides by the stored rules. */
export interface PolicyCheck {
  /** Returns where it is allowed.
   * @throws DetailedError PERMISSION_DENIED, which names the rule that refused, or that none allowed it; SEALED */
  check(request: PolicyRequest): void;
}

import { AddressLimit } from "@metacircular/mcdsl/auth/address-limit.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Audit, AuditEntry } from "./audit.ts";

const recordedFromOneAddress = { maxFailures: 30, windowMs: 600_000 };

/** Records who was not let in, but not all of it from one address: else anybody could push older entries out of the
 * audit. */
export class RefusedLogins {
  readonly #audit: Audit;
  readonly #recorded: AddressLimit;

  constructor({ audit, clock }: { readonly audit: Audit; readonly clock: Pick<Clock, "now"> }) {
    this.#audit = audit;
    this.#recorded = new AddressLimit(recordedFromOneAddress, clock);
  }

  record(entry: AuditEntry): void {
    if (this.#recorded.blockedForMs(entry.address) > 0) return;
    this.#recorded.recordFailure(entry.address);
    this.#audit.record(entry);
  }
}

/** Whom somebody claimed to be. What is no name of an account may be a password in the wrong field, and is empty. */
export function claimedName(username: string): string {
  return /^[a-z0-9][a-z0-9._-]{0,62}$/u.test(username) ? username : "";
}

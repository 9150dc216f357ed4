import type { AddressLimit } from "@metacircular/mcdsl/auth/address-limit.ts";
import type { AuditEntry, AuditStore } from "./audit-store.ts";

/**
 * Records refusals of callers that haven't proved who they are: a bounded number per address, so
 * that nobody can push the older entries out of the audit log.
 */
export class AnonymousRefusals {
  readonly #audit: AuditStore;
  readonly #addresses: AddressLimit;

  constructor(audit: AuditStore, addresses: AddressLimit) {
    this.#audit = audit;
    this.#addresses = addresses;
  }

  record(entry: Omit<AuditEntry, "outcome" | "address">, address: string): void {
    if (this.#addresses.blockedForMs(address) > 0) return;
    this.#addresses.recordFailure(address);
    this.#audit.record({ ...entry, outcome: "denied", address });
  }
}

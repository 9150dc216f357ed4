import type { Identity } from "@metacircular/mcdsl/auth/identity.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { AcmeAccount } from "./account.ts";
import type { AcmeStore } from "./store/acme-store.ts";

/** Ends what an account may do, for the operator (RFC 8555, section 7.1.2: status `revoked`). One that its owner
 * deactivated stays as it is.
 * @throws DetailedError ACME_ACCOUNT_NOT_FOUND */
export function deactivateAccount(
  parts: { readonly mount: string; readonly store: AcmeStore; readonly audit: AuditLog },
  id: string,
  caller: Identity,
): AcmeAccount {
  const { mount, store, audit } = parts;
  const found = /^[a-z0-9]{1,64}$/.test(id) ? store.accounts.get(id) : undefined;
  if (found === undefined) {
    throw new DetailedError({
      code: "ACME_ACCOUNT_NOT_FOUND",
      category: "not-found",
      attempted: "find the ACME account",
      subject: id.slice(0, 64),
      found: "there is none with this id",
      remedy: "`metacrypt acme account list` shows them",
    });
  }
  if (found.status !== "valid") return found;
  const entry = { actor: caller.name, operation: "acme/revoke-account", mount, subject: id };
  return audit.change(entry, () => {
    const revoked: AcmeAccount = { ...found, status: "revoked" };
    store.saveAccount(revoked);
    return revoked;
  });
}

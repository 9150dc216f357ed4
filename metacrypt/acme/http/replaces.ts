import type { AcmeAccount } from "../account.ts";
import type { MountContext } from "../context.ts";
import type { Identifier } from "../identifier.ts";
import { orderStatus } from "../order.ts";
import { AcmeProblem } from "../problem.ts";
import { isIdOf, serialNumberOf } from "../renewal.ts";
import type { CertificateOwner } from "../store/acme-store.ts";
import { authorizationsOf } from "./own.ts";

/** The certificate that a new order replaces (RFC 9773, section 5): the account's own, with an identifier in common,
 * and not replaced by another order that may still succeed.
 * @throws AcmeProblem malformed, unauthorized, alreadyReplaced */
export function replacedCertificate(
  context: MountContext,
  account: AcmeAccount,
  value: unknown,
  identifiers: readonly Identifier[],
): { readonly id: string; readonly owner: CertificateOwner } | undefined {
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string")
    throw new AcmeProblem("malformed", "replaces must be the id of a certificate");
  const serialNumber = serialNumberOf(value);
  const owner = serialNumber === undefined ? undefined : context.store.certificates.get(serialNumber);
  const certificate = serialNumber === undefined ? undefined : context.mount.issuer.find(serialNumber);
  if (owner === undefined || certificate === undefined || !isIdOf(value, certificate.certificatePem)) {
    throw new AcmeProblem("malformed", "replaces names no certificate that was issued here");
  }
  if (owner.accountId !== account.id) {
    throw new AcmeProblem("unauthorized", "the certificate to replace belongs to another account");
  }
  if (!identifiers.some((identifier) => certificate.names.includes(identifier.value))) {
    throw new AcmeProblem("malformed", "the order has no identifier of the certificate it replaces");
  }
  if (isReplaced(context, owner)) {
    throw new AcmeProblem("alreadyReplaced", "another order replaces this certificate already");
  }
  return { id: value, owner };
}

function isReplaced({ store, nowMs }: MountContext, { replacedBy }: CertificateOwner): boolean {
  const order = replacedBy === undefined ? undefined : store.orders.get(replacedBy);
  if (order === undefined) return replacedBy !== undefined;
  return orderStatus(order, authorizationsOf(store, order), nowMs) !== "invalid";
}

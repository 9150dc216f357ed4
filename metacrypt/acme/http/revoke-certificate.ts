import { X509Certificate } from "node:crypto";
import type { IssuedRecord } from "../../ca/issuer.ts";
import { type RevocationReason, revocationReason } from "../../ca/revocation.ts";
import { authorizedIdentifier, identifierOf, isWildcard } from "../identifier.ts";
import { isKey } from "../csr.ts";
import { AcmeProblem } from "../problem.ts";
import { serialNumberIn } from "../renewal.ts";
import { subjectOf } from "../subject.ts";
import type { AcmeAnswer } from "./answer.ts";
import { type AcmeCall, payloadOf } from "./call.ts";

/** Those that a subscriber can know: not that an authority is compromised. */
const possibleReasons = new Set<RevocationReason>([
  "unspecified",
  "keyCompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "privilegeWithdrawn",
]);

/** Revokes a certificate (RFC 8555, section 7.6): for the account that ordered it, for an account that is authorised
 * for all its names, and for whoever has its key.
 * @throws AcmeProblem malformed, unauthorized, badRevocationReason, alreadyRevoked */
export async function revokeCertificate(call: AcmeCall): Promise<AcmeAnswer> {
  const { context, signer } = call;
  const payload = payloadOf(call);
  const { certificate, issued } = find(call, payload["certificate"]);
  const reason = readReason(payload["reason"]);
  if (!mayRevoke(call, certificate, issued)) {
    throw new AcmeProblem("unauthorized", "neither the account nor the key may revoke this certificate");
  }
  if (issued.revocation !== undefined) {
    throw new AcmeProblem("alreadyRevoked", "the certificate is revoked already");
  }
  const by = signer.account === undefined ? "acme:certificate-key" : subjectOf(signer.account).name;
  const { ports, mount } = context;
  ports.audit.record({
    actor: signer.account === undefined ? by : `acme:${signer.account.id}`,
    operation: "acme/revoke",
    mount: mount.name,
    subject: issued.serialNumber,
    facts: { reason },
  });
  await mount.issuer.revoke(issued.serialNumber, reason, by);
  return { status: 200 };
}

function find(
  { context }: AcmeCall,
  value: unknown,
): { readonly certificate: X509Certificate; readonly issued: IssuedRecord } {
  if (typeof value !== "string") throw new AcmeProblem("malformed", "certificate must be DER in base64url");
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(Buffer.from(value, "base64url"));
  } catch (cause) {
    throw new AcmeProblem("malformed", "certificate is not a certificate in DER", { cause });
  }
  const issued = context.mount.issuer.find(serialNumberIn(certificate));
  if (issued === undefined || !new X509Certificate(issued.certificatePem).raw.equals(certificate.raw)) {
    throw new AcmeProblem("malformed", "the certificate was not issued here", { status: 404 });
  }
  return { certificate, issued };
}

function readReason(value: unknown): RevocationReason {
  if (value === undefined) return "unspecified";
  const reason = typeof value === "number" ? revocationReason(value) : undefined;
  if (reason !== undefined && possibleReasons.has(reason)) return reason;
  throw new AcmeProblem("badRevocationReason", "the reason must be one of 0, 1, 3, 4, 5 and 9");
}

function mayRevoke(
  { context, signer }: AcmeCall,
  certificate: X509Certificate,
  issued: IssuedRecord,
): boolean {
  const { account } = signer;
  if (account === undefined) {
    return isKey(certificate.publicKey.export({ type: "spki", format: "der" }), signer.jwk);
  }
  const { store, nowMs } = context;
  if (store.certificates.get(issued.serialNumber)?.accountId === account.id) return true;
  // Authorities have no names that anybody could be authorised for.
  if (issued.names.length === 0) return false;
  return issued.names.map(identifierOf).every((identifier) => {
    const found = store.validated(account.id, authorizedIdentifier(identifier), isWildcard(identifier));
    return found?.stage === "valid" && found.expiresAtMs > nowMs;
  });
}

import type { CertificateIssuer, IssuedRecord } from "../../ca/issuer.ts";
import { AcmeProblem } from "../problem.ts";
import { renewalWindow, serialNumberOf, isIdOf } from "../renewal.ts";
import type { MountContext } from "../context.ts";
import type { AcmeAnswer } from "./answer.ts";
import { type AcmeCall, callerOf, mustBeEmpty } from "./call.ts";
import { time } from "./shapes.ts";

/** The certificate with its chain (RFC 8555, section 7.4.2), for the account that ordered it. */
export async function certificate(
  call: AcmeCall,
  [serialNumber = ""]: readonly string[],
): Promise<AcmeAnswer> {
  mustBeEmpty(call);
  const account = callerOf(call);
  const { store, mount } = call.context;
  const owner = store.certificates.get(serialNumber);
  const issued = owner === undefined ? undefined : mount.issuer.find(serialNumber);
  if (owner === undefined || issued === undefined) {
    throw new AcmeProblem("malformed", "there is no such certificate", { status: 404 });
  }
  if (owner.accountId !== account.id) {
    throw new AcmeProblem("unauthorized", "this certificate belongs to another account");
  }
  const body = chainOf(issued, mount.issuer);
  return { status: 200, body, contentType: "application/pem-certificate-chain" };
}

/** At least two certificates, for certbot takes no fewer: below a root, the root is the second. */
function chainOf({ certificatePem, chainPem, issuer }: IssuedRecord, authorities: CertificateIssuer): string {
  return chainPem.trimEnd() === certificatePem.trimEnd()
    ? certificatePem + authorities.authorityPem(issuer)
    : chainPem;
}

/** When to renew a certificate (RFC 9773, section 4.2). Anybody may ask. */
export function renewalInfo({ mount }: MountContext, id: string): AcmeAnswer {
  const serialNumber = serialNumberOf(id);
  const issued = serialNumber === undefined ? undefined : mount.issuer.find(serialNumber);
  if (issued === undefined || !isIdOf(id, issued.certificatePem)) {
    throw new AcmeProblem("malformed", "no such certificate was issued here", { status: 404 });
  }
  const { notBeforeMs, notAfterMs, revocation } = issued;
  const { startMs, endMs, retryAfterS } = renewalWindow({
    notBeforeMs,
    notAfterMs,
    revokedAtMs: revocation?.atMs,
  });
  return {
    status: 200,
    body: { suggestedWindow: { start: time(startMs), end: time(endMs) } },
    headers: { "retry-after": String(retryAfterS) },
  };
}

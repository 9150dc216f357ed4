import { X509Certificate } from "node:crypto";
import { readCertificate } from "../ca/certificate.ts";

/** When a client is to renew a certificate (RFC 9773, section 4.2), milliseconds since the epoch. */
export interface RenewalWindow {
  readonly startMs: number;
  readonly endMs: number;
  /** After which time to ask again, seconds. */
  readonly retryAfterS: number;
}

const retryAfterMaximumS = 6 * 3_600;
const retryAfterMinimumS = 60;

/** From two thirds of the lifetime on, spread over a twelfth of it. A revoked certificate is to be renewed at once:
 * its window is over. */
export function renewalWindow(certificate: {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly revokedAtMs: number | undefined;
}): RenewalWindow {
  const { notBeforeMs, notAfterMs, revokedAtMs } = certificate;
  const lifetimeMs = notAfterMs - notBeforeMs;
  const retryAfterS = Math.round(
    Math.max(retryAfterMinimumS, Math.min(retryAfterMaximumS, lifetimeMs / 20_000)),
  );
  if (revokedAtMs !== undefined) {
    const endMs = Math.max(revokedAtMs, notBeforeMs + 1_000);
    return { startMs: endMs - 1_000, endMs, retryAfterS };
  }
  const startMs = notBeforeMs + Math.floor((lifetimeMs * 2) / 3);
  return { startMs, endMs: startMs + Math.floor(lifetimeMs / 12), retryAfterS };
}

/** The id by which clients ask (RFC 9773, section 4.1): key identifier of the authority, dot, serial number, both
 * base64url. Undefined where the certificate doesn't name its authority's key. */
export function certificateId(certificatePem: string): string | undefined {
  const certificate = readCertificate(new X509Certificate(certificatePem).raw);
  const keyId = certificate.authorityKeyIdentifier;
  if (keyId === undefined) return undefined;
  return `${keyId.toString("base64url")}.${serialBytes(certificate.serialNumber)}`;
}

/** Whether an id names a certificate. Apache's mod_md leaves out the zero byte of serial numbers that would be negative
 * without it; that is taken as well. */
export function isIdOf(id: string, certificatePem: string): boolean {
  const expected = certificateId(certificatePem);
  const keyId = (text: string | undefined): string | undefined => text?.split(".", 1)[0];
  return (
    expected !== undefined && keyId(id) === keyId(expected) && serialNumberOf(id) === serialNumberOf(expected)
  );
}

/** The serial number that an id names, hexadecimal; undefined where it isn't such an id. */
export function serialNumberOf(id: string): string | undefined {
  const match = /^[A-Za-z0-9_-]{1,128}\.([A-Za-z0-9_-]{1,64})$/.exec(id);
  const bytes = Buffer.from(match?.[1] ?? "", "base64url");
  if (bytes.length === 0 || bytes.toString("base64url") !== match?.[1]) return undefined;
  // The zero byte that keeps a DER integer positive is not part of how we write serial numbers.
  const stripped = bytes[0] === 0 && bytes.length > 1 ? bytes.subarray(1) : bytes;
  return stripped.toString("hex");
}

/** Content octets of the DER integer. */
function serialBytes(hexadecimal: string): string {
  const bytes = Buffer.from(hexadecimal.padStart(hexadecimal.length + (hexadecimal.length % 2), "0"), "hex");
  const positive = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return positive.toString("base64url");
}

/** The serial number of a certificate as we write it: hexadecimal, lower case, of even length. */
export function serialNumberIn(certificate: X509Certificate): string {
  const hexadecimal = certificate.serialNumber.toLowerCase();
  return hexadecimal.padStart(hexadecimal.length + (hexadecimal.length % 2), "0");
}

import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { basicConstraintsOf, readCertificate, type Certificate } from "../certificate.ts";
import { extensionIds } from "../der/object-identifiers.ts";
import { readBitStringFlags } from "../der/read.ts";
import { pemBlocks } from "../pem.ts";
import { checkPublicKey } from "../public-key.ts";

/** An authority's certificate with its issuers above, nearest first. */
export interface CertificateChain {
  readonly certificate: Certificate;
  readonly chain: readonly Certificate[];
}

const chainMaximum = 10;
const certificateSignBit = 5;
const crlSignBit = 6;

/** Reads the certificate of an authority and of its issuers, in order, and checks that each was signed by the next.
 * @throws DetailedError `AUTHORITY_INVALID` and those of reading */
export function readChain(pem: string, nowMs: number): CertificateChain {
  const blocks = pemBlocks(pem, "CERTIFICATE");
  if (blocks.length === 0 || blocks.length > chainMaximum) {
    throw invalid(`${blocks.length} certificates in PEM`, "send the authority's, then those of its issuers");
  }
  const [certificate, ...chain] = blocks.map((block) => readCertificate(block));
  if (certificate === undefined) throw invalid("no certificate");
  checkAuthority(certificate, nowMs);
  [certificate, ...chain].forEach((each, position) => {
    const above = chain[position];
    if (above !== undefined) checkSignedBy(each, above);
  });
  return { certificate, chain };
}

/** The key, if it is that of the certificate.
 * @throws DetailedError `AUTHORITY_INVALID` */
export function matchingKey(privateKeyPem: string, certificate: Certificate): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(privateKeyPem);
  } catch (thrown) {
    // The cause could quote the key.
    const reason = messageOf(thrown).includes("passphrase") ? "an encrypted key" : "no private key in PEM";
    throw invalid(reason, "send an unencrypted key, in PKCS #8 or the traditional form");
  }
  if (new X509Certificate(certificate.encoded).checkPrivateKey(key)) return key;
  throw invalid("a private key that is not that of the certificate");
}

function checkAuthority(certificate: Certificate, nowMs: number): void {
  checkPublicKey(certificate.publicKey);
  if (!basicConstraintsOf(certificate).authority) throw invalid("a certificate that may not sign others");
  const usage = certificate.extensions.get(extensionIds.keyUsage);
  const bits = usage === undefined ? undefined : readBitStringFlags(usage);
  if (bits !== undefined && !(bits.has(certificateSignBit) && bits.has(crlSignBit))) {
    throw invalid("a certificate whose key may not sign certificates and revocation lists");
  }
  if (certificate.notAfterMs > nowMs) return;
  throw invalid(`a certificate that ended at ${new Date(certificate.notAfterMs).toISOString()}`);
}

function checkSignedBy(certificate: Certificate, above: Certificate): void {
  const issuer = new X509Certificate(above.encoded);
  const issued =
    certificate.issuer.equals(above.subject) &&
    issuer.ca &&
    new X509Certificate(certificate.encoded).verify(issuer.publicKey);
  if (!issued) throw invalid("a certificate that the next one did not sign");
}

function invalid(found: string, remedy?: string): DetailedError {
  return new DetailedError({
    code: "AUTHORITY_INVALID",
    category: "invalid-argument",
    attempted: "take over the authority",
    found,
    remedy:
      remedy ?? "send the certificate of an authority, with its key and the certificates of its issuers",
  });
}

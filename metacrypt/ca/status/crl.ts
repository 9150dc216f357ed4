import type { Certificate } from "../certificate.ts";
import { extensionIds } from "../der/object-identifiers.ts";
import * as der from "../der/write.ts";
import { authorityKeyIdentifier, extension } from "../extensions.ts";
import type { Revocation } from "../issuer.ts";
import { revocationReasons } from "../revocation.ts";
import { signatureAlgorithm, signed } from "../signature.ts";
import type { Authority } from "../authorities/authority.ts";

export interface RevokedEntry {
  readonly serialNumber: string;
  readonly revocation: Revocation;
}

export interface CrlContents {
  /** Grows from list to list (RFC 5280, section 5.2.3). */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  readonly revoked: readonly RevokedEntry[];
}

export interface CrlSigner {
  readonly certificate: Pick<Certificate, "subject" | "subjectKeyIdentifier">;
  readonly privateKey: Authority["privateKey"];
}

const version2 = der.integer(1);

/** A certificate revocation list (RFC 5280, section 5), DER. */
export function writeCrl(contents: CrlContents, { certificate, privateKey }: CrlSigner): Promise<Buffer> {
  const entries = contents.revoked.map((each) => entry(each));
  const toBeSigned = der.sequence(
    version2,
    signatureAlgorithm(privateKey),
    certificate.subject,
    der.time(contents.thisUpdateMs),
    der.time(contents.nextUpdateMs),
    // A list of none is left out, not empty.
    ...(entries.length === 0 ? [] : [der.sequence(...entries)]),
    der.context(
      0,
      der.sequence(
        authorityKeyIdentifier(certificate.subjectKeyIdentifier),
        extension(extensionIds.crlNumber, der.integer(contents.number)),
      ),
    ),
  );
  return signed(toBeSigned, privateKey);
}

function entry({ serialNumber, revocation }: RevokedEntry): Buffer {
  const code = revocationReasons[revocation.reason];
  const reason =
    code === revocationReasons.unspecified
      ? []
      : [der.sequence(extension(extensionIds.reasonCode, der.enumerated(code)))];
  return der.sequence(der.integer(serialNumber), der.time(revocation.atMs), ...reason);
}

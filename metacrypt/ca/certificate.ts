import { X509Certificate, createHash } from "node:crypto";
import { extensionIds } from "./der/object-identifiers.ts";
import {
  expectTag,
  octetStringTag,
  partsOf,
  readBoolean,
  readDer,
  readInteger,
  readObjectIdentifier,
  readTime,
  sequenceParts,
  type DerValue,
} from "./der/read.ts";
import { keyIdentifier } from "./public-key.ts";

/** A certificate, read: what an authority needs to know of its own and of others'. */
export interface Certificate {
  /** DER. */
  readonly encoded: Buffer;
  /** Hexadecimal, lower case, of even length. */
  readonly serialNumber: string;
  /** Distinguished names, DER. */
  readonly subject: Buffer;
  readonly issuer: Buffer;
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  /** By its extension, or computed. */
  readonly subjectKeyIdentifier: Buffer;
  /** Undefined where the certificate has none. */
  readonly authorityKeyIdentifier: Buffer | undefined;
  readonly extensions: ReadonlyMap<string, Buffer>;
}

/** Reads a certificate of version 3.
 * @throws DetailedError `DER_INVALID` */
export function readCertificate(encoded: Uint8Array): Certificate {
  const [toBeSigned] = sequenceParts(readDer(encoded));
  const [, serial, , issuer, validity, subject, publicKey, ...optional] = sequenceParts(toBeSigned);
  const [notBefore, notAfter] = sequenceParts(validity);
  const wrapped = optional.find(({ tag }) => tag === 0xa3);
  const extensions = wrapped === undefined ? new Map<string, Buffer>() : readExtensions(partsOf(wrapped)[0]);
  const publicKeyEncoded = expectTag(publicKey, 0x30).raw;
  const identifier = extensions.get(extensionIds.subjectKeyIdentifier);
  return {
    encoded: Buffer.from(encoded),
    serialNumber: readInteger(serial),
    subject: expectTag(subject, 0x30).raw,
    issuer: expectTag(issuer, 0x30).raw,
    notBeforeMs: readTime(notBefore),
    notAfterMs: readTime(notAfter),
    publicKey: publicKeyEncoded,
    subjectKeyIdentifier:
      identifier === undefined
        ? keyIdentifier(publicKeyEncoded)
        : expectTag(readDer(identifier), octetStringTag).content,
    authorityKeyIdentifier: authorityIdentifier(extensions.get(extensionIds.authorityKeyIdentifier)),
    extensions,
  };
}

/** The values of extensions by their ids.
 * @throws DetailedError `DER_INVALID` */
export function readExtensions(list: DerValue | undefined): Map<string, Buffer> {
  const entries = sequenceParts(list).map((each): [string, Buffer] => {
    const [id, ...rest] = sequenceParts(each);
    const flagged = rest.length > 1 ? rest[0] : undefined;
    if (flagged !== undefined) readBoolean(flagged);
    return [readObjectIdentifier(id), expectTag(rest.at(-1), octetStringTag).content];
  });
  return new Map(entries);
}

/** SHA-256, hexadecimal, lower case. */
export function fingerprintOf(encoded: Uint8Array): string {
  return createHash("sha256").update(encoded).digest("hex");
}

/** Its subject, one field per line, as people read it. */
export function subjectText(encoded: Uint8Array): string {
  return new X509Certificate(encoded).subject.replaceAll("\n", ", ");
}

/** Bound of the number of authorities below (RFC 5280, section 4.2.1.9); undefined: no bound.
 * `authority` is false for certificates that may not sign others. */
export function basicConstraintsOf(certificate: Certificate): {
  readonly authority: boolean;
  readonly pathLength: number | undefined;
} {
  const value = certificate.extensions.get(extensionIds.basicConstraints);
  const [flag, length] = value === undefined ? [] : sequenceParts(readDer(value));
  const authority = flag?.tag === 0x01 && readBoolean(flag);
  return {
    authority,
    pathLength: length === undefined ? undefined : Number.parseInt(readInteger(length), 16),
  };
}

function authorityIdentifier(value: Buffer | undefined): Buffer | undefined {
  if (value === undefined) return undefined;
  return sequenceParts(readDer(value)).find(({ tag }) => tag === 0x80)?.content;
}

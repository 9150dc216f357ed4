import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { readExtensions } from "../certificate.ts";
import { ocspIds } from "../der/object-identifiers.ts";
import {
  expectTag,
  octetStringTag,
  partsOf,
  readDer,
  readInteger,
  readObjectIdentifier,
  sequenceParts,
  type DerValue,
} from "../der/read.ts";

/** Which certificate somebody asks about (CertID). */
export interface CertificateId {
  /** DER, to be repeated in the answer. */
  readonly encoded: Buffer;
  /** Name of the hash function, as node:crypto has it; undefined for those not known. */
  readonly hash: "sha1" | "sha256" | "sha384" | "sha512" | undefined;
  readonly issuerNameHash: Buffer;
  readonly issuerKeyHash: Buffer;
  readonly serialNumber: string;
}

export interface OcspRequest {
  readonly certificates: readonly CertificateId[];
  /** To be repeated in the answer. */
  readonly nonce: Buffer | undefined;
}

const hashes: Readonly<Record<string, CertificateId["hash"]>> = {
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

const certificatesMaximum = 16;
/** RFC 9654, section 2.1. */
const nonceOctetsMaximum = 128;

/** Reads a request (RFC 6960, section 4.1). A signature of whoever asks is not looked at: everybody may ask.
 * @throws DetailedError `DER_INVALID`, `OCSP_REQUEST_INVALID` */
export function readOcspRequest(encoded: Uint8Array): OcspRequest {
  const parts = sequenceParts(sequenceParts(readDer(encoded))[0]);
  const list = parts.find(({ tag }) => tag === 0x30);
  const certificates = sequenceParts(list).map((request) => certificateId(sequenceParts(request)[0]));
  if (certificates.length === 0 || certificates.length > certificatesMaximum) {
    throw invalid(`a question about ${certificates.length} certificates`);
  }
  const wrapped = parts.find(({ tag }) => tag === 0xa2);
  return { certificates, nonce: wrapped === undefined ? undefined : nonceOf(partsOf(wrapped)[0]) };
}

function certificateId(value: DerValue | undefined): CertificateId {
  const [algorithm, nameHash, keyHash, serialNumber] = sequenceParts(value);
  return {
    encoded: expectTag(value, 0x30).raw,
    hash: hashes[readObjectIdentifier(sequenceParts(algorithm)[0])],
    issuerNameHash: expectTag(nameHash, octetStringTag).content,
    issuerKeyHash: expectTag(keyHash, octetStringTag).content,
    serialNumber: readInteger(serialNumber),
  };
}

function nonceOf(extensions: DerValue | undefined): Buffer | undefined {
  const value = readExtensions(extensions).get(ocspIds.nonce);
  if (value === undefined) return undefined;
  const { content } = expectTag(readDer(value), octetStringTag);
  if (content.length >= 1 && content.length <= nonceOctetsMaximum) return content;
  throw invalid(`a nonce of ${content.length} octets`);
}

function invalid(found: string): DetailedError {
  return new DetailedError({
    code: "OCSP_REQUEST_INVALID",
    category: "invalid-argument",
    attempted: "answer a question about the status of certificates",
    found,
    remedy: `ask about 1 to ${certificatesMaximum} certificates, with a nonce of at most ${nonceOctetsMaximum} octets`,
  });
}

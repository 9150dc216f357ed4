import { createHash } from "node:crypto";
import { ocspIds } from "../der/object-identifiers.ts";
import { readBitString, readDer, sequenceParts } from "../der/read.ts";
import * as der from "../der/write.ts";
import { extension } from "../extensions.ts";
import type { Revocation } from "../issuer.ts";
import { revocationReasons } from "../revocation.ts";
import { signed } from "../signature.ts";
import type { Authority } from "../authorities/authority.ts";
import type { CertificateId } from "./ocsp-request.ts";

export type OcspStatus = "good" | "unknown" | Revocation;

export interface OcspAnswer {
  readonly certificates: readonly { readonly id: CertificateId; readonly status: OcspStatus }[];
  readonly nonce: Buffer | undefined;
  /** Milliseconds since the epoch. */
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
}

/** Why there is no answer (RFC 6960, section 4.2.1). */
export const ocspFailures = {
  malformedRequest: 1,
  internalError: 2,
  tryLater: 3,
  unauthorized: 6,
} as const;

export function ocspFailure(reason: keyof typeof ocspFailures): Buffer {
  return der.sequence(der.enumerated(ocspFailures[reason]));
}

/** A good answer, signed by the authority itself. */
export async function ocspResponse(
  answer: OcspAnswer,
  { certificate, privateKey }: Pick<Authority, "certificate" | "privateKey">,
): Promise<Buffer> {
  const responses = answer.certificates.map(({ id, status }) => singleResponse(id, status, answer));
  const data = der.sequence(
    der.context(2, der.octetString(keyHash(certificate.publicKey))),
    der.generalizedTime(answer.thisUpdateMs),
    der.sequence(...responses),
    ...(answer.nonce === undefined ? [] : [der.context(1, der.sequence(nonceExtension(answer.nonce)))]),
  );
  const basic = await signed(data, privateKey);
  const bytes = der.sequence(der.objectIdentifier(ocspIds.basicResponse), der.octetString(basic));
  return der.sequence(der.enumerated(0), der.context(0, bytes));
}

function nonceExtension(nonce: Buffer): Buffer {
  return extension(ocspIds.nonce, der.octetString(nonce));
}

function singleResponse(id: CertificateId, status: OcspStatus, answer: OcspAnswer): Buffer {
  return der.sequence(
    id.encoded,
    statusChoice(status),
    der.generalizedTime(answer.thisUpdateMs),
    der.context(0, der.generalizedTime(answer.nextUpdateMs)),
  );
}

function statusChoice(status: OcspStatus): Buffer {
  if (status === "good") return der.contextPrimitive(0, Buffer.alloc(0));
  if (status === "unknown") return der.contextPrimitive(2, Buffer.alloc(0));
  const reason = der.context(0, der.enumerated(revocationReasons[status.reason]));
  return der.context(1, der.generalizedTime(status.atMs), reason);
}

/** SHA-1 of the bits of the key: how RFC 6960 names a responder. */
function keyHash(publicKey: Uint8Array): Buffer {
  return createHash("sha1").update(publicKeyBits(publicKey)).digest();
}

/** The bits of a key, over which the hashes of issuers are made.
 * @param publicKey SubjectPublicKeyInfo, DER */
export function publicKeyBits(publicKey: Uint8Array): Buffer {
  return readBitString(sequenceParts(readDer(publicKey))[1]);
}

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createPublicKey } from "node:crypto";
import type { JWK } from "jose";
import { extensionIds } from "../ca/der/object-identifiers.ts";
import { readSigningRequest, type SigningRequest } from "../ca/signing-request.ts";
import { identifierOf, type Identifier, sameIdentifiers } from "./identifier.ts";
import { AcmeProblem } from "./problem.ts";

/** What an order's certificate is made of. */
export interface OrderedCertificate {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Lower case; undefined where the request has none. */
  readonly commonName: string | undefined;
}

/** Extensions that may be asked for: the names, which are the order's, and those that the profile decides anyway. */
const tolerated = new Set<string>([
  extensionIds.subjectAlternativeName,
  extensionIds.subjectKeyIdentifier,
  extensionIds.keyUsage,
  extensionIds.basicConstraints,
  extensionIds.extendedKeyUsage,
]);

/** Reads and checks the request of an order (RFC 8555, section 7.4): its signature, its key, and that it is for
 * exactly the identifiers of the order.
 * @param der DER
 * @param accountKey must not be the key of the certificate (section 11.1)
 * @throws AcmeProblem badCSR */
export function readOrderedCertificate(
  der: Uint8Array,
  expected: readonly Identifier[],
  accountKey: JWK,
): OrderedCertificate {
  const request = read(der);
  const foreign = request.extensions.filter((id) => !tolerated.has(id));
  if (foreign.length > 0) {
    throw new AcmeProblem("badCSR", `the request has extensions that are not issued: ${foreign.join(", ")}`);
  }
  const named = request.commonName === "" ? request.names : [...request.names, request.commonName];
  if (!sameIdentifiers(named.map(identifierOf), expected)) {
    throw new AcmeProblem("badCSR", "the names of the request are not exactly the identifiers of the order");
  }
  if (isKey(request.publicKey, accountKey)) {
    throw new AcmeProblem("badCSR", "the key of a certificate must not be the account's");
  }
  const commonName = request.commonName === "" ? undefined : request.commonName.toLowerCase();
  return { publicKey: request.publicKey, commonName };
}

function read(der: Uint8Array): SigningRequest {
  try {
    return readSigningRequest(der);
  } catch (cause) {
    if (!(cause instanceof DetailedError)) throw cause;
    throw new AcmeProblem("badCSR", `the request cannot be used: ${cause.found}; ${cause.remedy}`, { cause });
  }
}

/** Whether both are the same public key.
 * @param spki SubjectPublicKeyInfo, DER */
export function isKey(spki: Uint8Array, jwk: JWK): boolean {
  const key = createPublicKey({ key: Buffer.from(spki), type: "spki", format: "der" });
  return createPublicKey({ key: jwk, format: "jwk" }).equals(key);
}

import "reflect-metadata";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import {
  BasicConstraintsExtension,
  type Extension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import { createPublicKey } from "node:crypto";
import type { JWK } from "jose";
import { checkPublicKey } from "../ca/public-key.ts";
import { canonicalIp, type Identifier, sameIdentifiers } from "./identifier.ts";
import { AcmeProblem } from "./problem.ts";

/** What a certificate signing request asks for, as far as it counts: the profile decides the rest. */
export interface SigningRequest {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly identifiers: readonly Identifier[];
  /** Lower case; undefined where the request has none. */
  readonly commonName: string | undefined;
}

const subjectAlternativeName = "2.5.29.17";

/** Extensions that clients send although the profile decides: they are not taken over. */
const decidedByProfile = new Set([
  "2.5.29.14", // subject key identifier
  "2.5.29.15", // key usage
  "2.5.29.19", // basic constraints
  "2.5.29.37", // extended key usage
]);

/** Reads and checks a request (RFC 8555, section 7.4): its signature, its key, and that it is for exactly the
 * identifiers of the order.
 * @param der DER
 * @param accountKey must not be the key of the certificate (section 11.1)
 * @throws AcmeProblem badCSR */
export async function readSigningRequest(
  der: Uint8Array,
  expected: readonly Identifier[],
  accountKey: JWK,
): Promise<SigningRequest> {
  const request = parse(der);
  await checkSignature(request);
  const publicKey = new Uint8Array(request.publicKey.rawData);
  checkKey(publicKey, accountKey);
  const alternative = namesOf(request.extensions);
  const commonName = commonNameOf(request);
  const identifiers = commonName === undefined ? alternative : [...alternative, identifierOf(commonName)];
  if (!sameIdentifiers(identifiers, expected)) {
    throw badCsr("the names of the request are not exactly the identifiers of the order");
  }
  return { publicKey, identifiers: expected, commonName };
}

function parse(der: Uint8Array): Pkcs10CertificateRequest {
  try {
    return new Pkcs10CertificateRequest(Buffer.from(der));
  } catch (cause) {
    throw badCsr("the request is not PKCS #10 in DER", cause);
  }
}

async function checkSignature(request: Pkcs10CertificateRequest): Promise<void> {
  let good: boolean;
  try {
    good = await request.verify();
  } catch (cause) {
    throw badCsr("the signature of the request cannot be checked", cause);
  }
  if (!good) throw badCsr("the signature of the request is not good");
}

function checkKey(publicKey: Uint8Array, accountKey: JWK): void {
  try {
    checkPublicKey(publicKey);
  } catch (cause) {
    const found =
      cause instanceof DetailedError ? `${cause.found}; ${cause.remedy}` : "its key is not usable";
    throw badCsr(found, cause);
  }
  if (isKey(publicKey, accountKey)) throw badCsr("the key of a certificate must not be the account's");
}

/** Whether both are the same public key.
 * @param spki SubjectPublicKeyInfo, DER */
export function isKey(spki: Uint8Array, jwk: JWK): boolean {
  const key = createPublicKey({ key: Buffer.from(spki), type: "spki", format: "der" });
  return createPublicKey({ key: jwk, format: "jwk" }).equals(key);
}

function namesOf(extensions: readonly Extension[]): Identifier[] {
  const further = extensions.filter(({ type }) => type !== subjectAlternativeName);
  for (const extension of further) checkExtension(extension);
  return extensions.flatMap((extension) =>
    extension instanceof SubjectAlternativeNameExtension
      ? extension.names.items.map(({ type, value }) => {
          if (type === "dns" || type === "ip") return identifierOf(value);
          throw badCsr(`alternative names of type ${type} are not issued`);
        })
      : [],
  );
}

function checkExtension(extension: Extension): void {
  if (!decidedByProfile.has(extension.type)) {
    throw badCsr(`the request has an extension that is not issued: ${extension.type}`);
  }
  if (extension instanceof BasicConstraintsExtension && extension.ca) {
    throw badCsr("the request is for an authority");
  }
}

function commonNameOf(request: Pkcs10CertificateRequest): string | undefined {
  const names = request.subjectName.getField("CN");
  if (names.length > 1) throw badCsr("the request has several common names");
  const [name] = names;
  return name === undefined || name === "" ? undefined : name.toLowerCase();
}

function identifierOf(text: string): Identifier {
  const address = canonicalIp(text);
  return address === undefined ? { type: "dns", value: text.toLowerCase() } : { type: "ip", value: address };
}

function badCsr(detail: string, cause?: unknown): AcmeProblem {
  return new AcmeProblem("badCSR", detail, cause === undefined ? {} : { cause });
}

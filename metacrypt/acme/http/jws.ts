import { calculateJwkThumbprint, errors, flattenedVerify, importJWK, type JWK } from "jose";
import { createPublicKey } from "node:crypto";
import { AcmeProblem } from "../problem.ts";

/** Signature algorithms of account keys (RFC 8555, section 6.2: ES256 must be there, MAC-based must not). */
export const signatureAlgorithms = ["ES256", "ES384", "ES512", "RS256", "EdDSA"] as const;

/** A request before its signature is checked. */
export interface UnverifiedJws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
  readonly header: ProtectedHeader;
}

export interface ProtectedHeader {
  readonly alg: string;
  readonly url: string;
  /** Undefined in what is nested in another request. */
  readonly nonce: string | undefined;
  readonly key: { readonly jwk: JWK } | { readonly kid: string };
}

const base64url = /^[A-Za-z0-9_-]*$/;
/** Up to 8,192 bits, or the name of a curve. What decoders overlook would make two keys of one. */
const keyParameter = /^[A-Za-z0-9_-]{1,1400}$/;
const rsaBits = { minimum: 2_048, maximum: 8_192 };

/** Reads a flattened JWS (RFC 8555, section 6.2).
 * @throws AcmeProblem malformed, badSignatureAlgorithm, badPublicKey */
export function readJws(value: unknown, algorithms: readonly string[] = signatureAlgorithms): UnverifiedJws {
  if (typeof value !== "object" || value === null) throw malformed("a JWS in flattened JSON is expected");
  if ("header" in value) throw malformed("a JWS must not have an unprotected header");
  if ("signatures" in value) throw malformed("a JWS must have exactly one signature");
  const parts = value as Record<string, unknown>;
  const [protectedPart, payload, signature] = ["protected", "payload", "signature"].map((name) => {
    const part = parts[name];
    if (typeof part === "string" && base64url.test(part)) return part;
    throw malformed(`the JWS has no ${name} in base64url`);
  });
  const header = readHeader(protectedPart ?? "", algorithms);
  return { protected: protectedPart ?? "", payload: payload ?? "", signature: signature ?? "", header };
}

function readHeader(encoded: string, algorithms: readonly string[]): ProtectedHeader {
  const header = parseObject(Buffer.from(encoded, "base64url"), "the protected header");
  const { alg, url, nonce, jwk, kid } = header;
  if (typeof alg !== "string" || !algorithms.includes(alg)) {
    throw new AcmeProblem("badSignatureAlgorithm", `alg must be one of ${algorithms.join(", ")}`, {
      members: { algorithms },
    });
  }
  if ("crit" in header) throw malformed("critical header parameters are not supported");
  if (typeof url !== "string") throw malformed("the protected header has no url");
  if (nonce !== undefined && (typeof nonce !== "string" || !base64url.test(nonce))) {
    throw malformed("nonce must be base64url");
  }
  if ((jwk === undefined) === (kid === undefined)) {
    throw malformed("the protected header must have either jwk or kid");
  }
  if (kid !== undefined && typeof kid !== "string") throw malformed("kid must be a string");
  const key = kid === undefined ? { jwk: publicJwk(jwk) } : { kid };
  return { alg, url, nonce, key };
}

/** What is hashed of a key of each kind, besides the kind (RFC 7638, section 3.2). */
const keyParameters: ReadonlyMap<string, readonly string[]> = new Map([
  ["EC", ["crv", "x", "y"]],
  ["RSA", ["n", "e"]],
  ["OKP", ["crv", "x"]],
]);

/** Only the public parameters that make up a key.
 * @throws AcmeProblem badPublicKey */
export function publicJwk(value: unknown): JWK {
  if (typeof value !== "object" || value === null) throw badKey("jwk must be an object");
  const given = value as Record<string, unknown>;
  if ("d" in given || "k" in given) throw badKey("jwk must be a public key");
  const { kty } = given;
  const names = typeof kty === "string" ? keyParameters.get(kty) : undefined;
  if (typeof kty !== "string" || names === undefined) throw badKey("kty must be EC, RSA or OKP");
  const jwk: Record<string, string> = { kty };
  for (const name of names) {
    const part = given[name];
    if (typeof part !== "string" || !keyParameter.test(part)) {
      throw badKey(`jwk has no ${name}, or not in base64url`);
    }
    jwk[name] = part;
  }
  checkStrength(jwk);
  return jwk;
}

function checkStrength(jwk: JWK): void {
  let bits: number | undefined;
  try {
    bits = createPublicKey({ key: jwk, format: "jwk" }).asymmetricKeyDetails?.modulusLength;
  } catch (cause) {
    throw new AcmeProblem("badPublicKey", "jwk is not a usable key", { cause });
  }
  if (bits !== undefined && (bits < rsaBits.minimum || bits > rsaBits.maximum)) {
    throw badKey(`RSA keys must have ${rsaBits.minimum} to ${rsaBits.maximum} bits, not ${bits}`);
  }
}

/** Type and curve of the keys that each algorithm is for (RFC 7518, section 3.1; RFC 8037). */
const keysByAlgorithm: Readonly<Record<string, string>> = {
  ES256: "EC P-256",
  ES384: "EC P-384",
  ES512: "EC P-521",
  RS256: "RSA",
  EdDSA: "OKP Ed25519",
};

/** Checks the signature, and returns what was signed.
 * @param key of the signer, public, or the secret of a MAC
 * @throws AcmeProblem malformed when the signature isn't good, badSignatureAlgorithm when it is for another kind of key */
export async function verifyJws(jws: UnverifiedJws, key: JWK | Uint8Array): Promise<Buffer> {
  const { alg } = jws.header;
  if (!(key instanceof Uint8Array) && keysByAlgorithm[alg] !== kindOf(key)) {
    throw new AcmeProblem("badSignatureAlgorithm", `a key of type ${kindOf(key)} is not for alg ${alg}`, {
      members: { algorithms: signatureAlgorithms },
    });
  }
  try {
    const imported = key instanceof Uint8Array ? key : await importJWK(key, alg);
    const verified = await flattenedVerify(
      { protected: jws.protected, payload: jws.payload, signature: jws.signature },
      imported,
      { algorithms: [alg] },
    );
    return Buffer.from(verified.payload);
  } catch (cause) {
    if (cause instanceof errors.JOSEError) throw badSignature(cause);
    throw cause;
  }
}

function kindOf({ kty = "", crv }: JWK): string {
  return crv === undefined ? kty : `${kty} ${crv}`;
}

function badSignature(cause: Error): AcmeProblem {
  return new AcmeProblem("malformed", "the signature is not good", { cause });
}

/** RFC 7638, SHA-256, base64url. */
export function thumbprintOf(jwk: JWK): Promise<string> {
  return calculateJwkThumbprint(jwk, "sha256");
}

/** @throws AcmeProblem malformed */
export function parseObject(bytes: Uint8Array, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw new AcmeProblem("malformed", `${what} is not JSON`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw malformed(`${what} is not a JSON object`);
}

function malformed(detail: string): AcmeProblem {
  return new AcmeProblem("malformed", detail);
}

function badKey(detail: string): AcmeProblem {
  return new AcmeProblem("badPublicKey", detail);
}

import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { readBitString, readDer, sequenceParts } from "./der/read.ts";
import { keyTypeOf, keyTypes, type KeyType } from "./key-type.ts";

/** A public key that may be in a certificate. */
export interface CheckedPublicKey {
  readonly keyType: KeyType;
  /** SubjectPublicKeyInfo, DER, in its usual form whatever was sent. */
  readonly encoded: Uint8Array;
}

/** Refuses keys that are too weak, of a kind that TLS does not use, or no keys at all.
 * @param publicKey SubjectPublicKeyInfo, DER
 * @param allowed default: every kind
 * @throws DetailedError `CERTIFICATE_KEY_REFUSED` */
export function checkPublicKey(
  publicKey: Uint8Array,
  allowed: readonly KeyType[] = keyTypes,
): CheckedPublicKey {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(publicKey), type: "spki", format: "der" });
  } catch (thrown) {
    throw refused(`not a public key (${messageOf(thrown)})`, allowed, thrown);
  }
  const keyType = keyTypeOf(key);
  if (keyType === undefined || !allowed.includes(keyType)) throw refused(wordsFor(key), allowed);
  return { keyType, encoded: key.export({ type: "spki", format: "der" }) };
}

/** SHA-1 of the bits of the key (RFC 5280, section 4.2.1.2, method 1): a name, not a protection.
 * @param publicKey SubjectPublicKeyInfo, DER */
export function keyIdentifier(publicKey: Uint8Array): Buffer {
  const [, bits] = sequenceParts(readDer(publicKey));
  return createHash("sha1").update(readBitString(bits)).digest();
}

function wordsFor(key: KeyObject): string {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  const size = namedCurve ?? (modulusLength === undefined ? "" : `${modulusLength} bits`);
  return `a key of type ${[key.asymmetricKeyType, size].filter(Boolean).join(" ")}`;
}

function refused(found: string, allowed: readonly KeyType[], cause?: unknown): DetailedError {
  return new DetailedError({
    code: "CERTIFICATE_KEY_REFUSED",
    category: "invalid-argument",
    attempted: "issue a certificate",
    found,
    remedy: `use a key of one of these kinds: ${allowed.join(", ")}`,
    cause,
  });
}

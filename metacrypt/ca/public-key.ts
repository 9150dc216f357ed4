import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { createPublicKey, type KeyObject } from "node:crypto";

const curves = new Set(["prime256v1", "secp384r1"]);
const rsaBitsMinimum = 2_048;

/** Refuses keys that are too weak, of a kind that TLS servers do not use, or no keys at all.
 * @param publicKey SubjectPublicKeyInfo, DER
 * @throws DetailedError `CERTIFICATE_KEY_REFUSED` */
export function checkPublicKey(publicKey: Uint8Array): void {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(publicKey), type: "spki", format: "der" });
  } catch (thrown) {
    throw refused(`not a public key (${messageOf(thrown)})`, thrown);
  }
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "ec" && curves.has(namedCurve ?? "")) return;
  if (key.asymmetricKeyType === "rsa" && (modulusLength ?? 0) >= rsaBitsMinimum) return;
  const size = namedCurve ?? (modulusLength === undefined ? "" : `${modulusLength} bits`);
  throw refused(`a key of type ${[key.asymmetricKeyType, size].filter(Boolean).join(" ")}`);
}

function refused(found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "CERTIFICATE_KEY_REFUSED",
    category: "invalid-argument",
    attempted: "issue a certificate",
    found,
    remedy: `use an ECDSA key on P-256 or P-384, or RSA of at least ${rsaBitsMinimum} bits`,
    cause,
  });
}

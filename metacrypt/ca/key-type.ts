import type { KeyObject } from "node:crypto";

/** Kinds of keys, of authorities and in certificates. Other curves and shorter RSA keys are refused. */
export const keyTypes = ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096"] as const;

export type KeyType = (typeof keyTypes)[number];

/** The kind of a public or private key; undefined for kinds that are not accepted. RSA keys between two sizes count
 * as the smaller. */
export function keyTypeOf(key: KeyObject): KeyType | undefined {
  const { namedCurve, modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "ed25519") return "ed25519";
  if (key.asymmetricKeyType === "ec" && namedCurve === "prime256v1") return "ecdsa-p256";
  if (key.asymmetricKeyType === "ec" && namedCurve === "secp384r1") return "ecdsa-p384";
  if (key.asymmetricKeyType !== "rsa" || publicExponent < 65_537n || modulusLength % 8 !== 0)
    return undefined;
  return rsaKeyType(modulusLength);
}

function rsaKeyType(bits: number): KeyType | undefined {
  if (bits < 2_048 || bits > 4_096) return undefined;
  if (bits === 4_096) return "rsa-4096";
  return bits >= 3_072 ? "rsa-3072" : "rsa-2048";
}

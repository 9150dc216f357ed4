import { generateKeyPair as generate, generateKeyPairSync } from "node:crypto";
import { promisify } from "node:util";
import type { KeyType } from "./key-type.ts";

/** A key, ready to be written to a file. */
export interface KeyPair {
  /** PKCS #8, PEM. Secret. */
  readonly privateKeyPem: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

const privateKeyEncoding = { type: "pkcs8", format: "pem" } as const;
const publicKeyEncoding = { type: "spki", format: "der" } as const;
const encodings = { privateKeyEncoding, publicKeyEncoding };

/** An ECDSA P-256 key. */
export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256", ...encodings });
  return { privateKeyPem: privateKey, publicKey };
}

/** Made beside the main thread: RSA keys take up to seconds. */
export async function generateKeyPairOf(keyType: KeyType): Promise<KeyPair> {
  const { privateKey, publicKey } = await generators[keyType]();
  return { privateKeyPem: privateKey, publicKey };
}

const generateAside = promisify(generate);

const generators = {
  "ecdsa-p256": () => generateAside("ec", { namedCurve: "P-256", ...encodings }),
  "ecdsa-p384": () => generateAside("ec", { namedCurve: "P-384", ...encodings }),
  ed25519: () => generateAside("ed25519", encodings),
  "rsa-2048": () => generateAside("rsa", { modulusLength: 2_048, ...encodings }),
  "rsa-3072": () => generateAside("rsa", { modulusLength: 3_072, ...encodings }),
  "rsa-4096": () => generateAside("rsa", { modulusLength: 4_096, ...encodings }),
} as const;

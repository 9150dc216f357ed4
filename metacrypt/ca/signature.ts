import { sign as signOctets, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { bitString, nothing, objectIdentifier, sequence } from "./der/write.ts";
import { keyTypeOf, type KeyType } from "./key-type.ts";

interface SignatureAlgorithm {
  /** AlgorithmIdentifier, DER. */
  readonly identifier: Uint8Array;
  /** Undefined where the algorithm has its own. */
  readonly hash: "sha256" | "sha384" | undefined;
}

const rsa: SignatureAlgorithm = {
  // sha256WithRSAEncryption has NULL for its parameters (RFC 4055, section 5); the others have none.
  identifier: sequence(objectIdentifier("1.2.840.113549.1.1.11"), nothing()),
  hash: "sha256",
};

const algorithms: Readonly<Record<KeyType, SignatureAlgorithm>> = {
  "ecdsa-p256": { identifier: sequence(objectIdentifier("1.2.840.10045.4.3.2")), hash: "sha256" },
  "ecdsa-p384": { identifier: sequence(objectIdentifier("1.2.840.10045.4.3.3")), hash: "sha384" },
  ed25519: { identifier: sequence(objectIdentifier("1.3.101.112")), hash: undefined },
  "rsa-2048": rsa,
  "rsa-3072": rsa,
  "rsa-4096": rsa,
};

const signAside = promisify(
  (
    hash: string | undefined,
    data: Uint8Array,
    key: KeyObject,
    done: (error: Error | null, signature: Buffer) => void,
  ) => signOctets(hash, data, key, done),
);

/** AlgorithmIdentifier of what a key signs with; it follows from the kind of key. */
export function signatureAlgorithm(key: KeyObject): Uint8Array {
  return algorithmOf(key).identifier;
}

/** What was to be signed, the algorithm and the signature, in one sequence: the form of certificates, requests and
 * revocation lists. Signing runs beside the main thread.
 * @param further parts after the signature */
export async function signed(
  toBeSigned: Uint8Array,
  key: KeyObject,
  ...further: readonly Uint8Array[]
): Promise<Buffer> {
  const { identifier, hash } = algorithmOf(key);
  const signature = await signAside(hash, toBeSigned, key);
  return sequence(toBeSigned, identifier, bitString(signature), ...further);
}

function algorithmOf(key: KeyObject): SignatureAlgorithm {
  const keyType = keyTypeOf(key);
  if (keyType === undefined) throw new TypeError(`no algorithm for a key of type ${key.asymmetricKeyType}`);
  return algorithms[keyType];
}

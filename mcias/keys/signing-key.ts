import { generateKeyPairSync } from "node:crypto";
import { calculateJwkThumbprint, type JWK } from "jose";

/** `next` is published before it signs, so every verifier knows a key by the time it is used. */
export type KeyState = "next" | "current" | "previous";

export interface SigningKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly state: KeyState;
  readonly publicJwk: JWK;
  /** Gone as soon as the key no longer signs. */
  readonly privateJwk: JWK | undefined;
  readonly createdAtMs: number;
  readonly activatedAtMs: number | undefined;
  readonly retiredAtMs: number | undefined;
}

export interface NewSigningKey {
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
}

export const SIGNING_ALGORITHM = "EdDSA";

/** A fresh Ed25519 key (RFC 8037). */
export async function generateSigningKey(): Promise<NewSigningKey> {
  const pair = generateKeyPairSync("ed25519");
  const publicOnly = pair.publicKey.export({ format: "jwk" }) as JWK;
  const kid = await calculateJwkThumbprint(publicOnly);
  const marks = { kid, alg: SIGNING_ALGORITHM, use: "sig" };
  return {
    kid,
    publicJwk: { ...publicOnly, ...marks },
    privateJwk: { ...(pair.privateKey.export({ format: "jwk" }) as JWK), ...marks },
  };
}

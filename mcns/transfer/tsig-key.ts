import { createHmac } from "node:crypto";
import type { Name } from "../wire/name.ts";

/** Hash functions for TSIG. HMAC-MD5 and HMAC-SHA1 are refused (RFC 8945, section 6: the first must not be used, the
 * second is not recommended). */
export const tsigAlgorithms = ["hmac-sha256", "hmac-sha384", "hmac-sha512"] as const;
export type TsigAlgorithm = (typeof tsigAlgorithms)[number];

/** A secret shared with a secondary or with somebody who updates zones. */
export interface TsigKey {
  readonly name: Name;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Uint8Array;
}

/** Finds a key by its name; a Map will do. */
export interface TsigKeys {
  get(name: Name): TsigKey | undefined;
}

const macBytes: Readonly<Record<TsigAlgorithm, number>> = {
  "hmac-sha256": 32,
  "hmac-sha384": 48,
  "hmac-sha512": 64,
};

export function macBytesOf(key: TsigKey): number {
  return macBytes[key.algorithm];
}

export function macOf(key: TsigKey, parts: readonly Uint8Array[]): Buffer {
  const hmac = createHmac(key.algorithm.slice("hmac-".length), key.secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 random bits: nothing to guess, so one SHA-256 is enough to store it. */
export function generateClientSecret(): string {
  return randomBytes(32).toString("base64url");
}

export function hashClientSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Compares in constant time. */
export function clientSecretMatches(storedHash: string, secret: string): boolean {
  const actual = Buffer.from(hashClientSecret(secret));
  const expected = Buffer.from(storedHash);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = "aes-256-gcm";

/** What is stored of something secret: the ciphertext ends with its tag. */
export interface Sealed {
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
}

/** Encrypts with AES-256-GCM and a fresh nonce. `label` is authenticated with it: it opens under the same one only. */
export function sealBytes(key: Uint8Array, label: string, plain: Uint8Array): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(label));
  return { nonce, sealed: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}

/** Undefined where the key, the label or a byte is not what it was. */
export function openBytes(key: Uint8Array, label: string, { nonce, sealed }: Sealed): Buffer | undefined {
  if (nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES) return undefined;
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(label));
  decipher.setAuthTag(sealed.subarray(end));
  const plain = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
    return plain;
  } catch {
    plain.fill(0);
    return undefined;
  }
}

/** What is stored does not open with the key that it was encrypted with. */
export function damaged(subject: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "RECORD_DAMAGED",
    attempted: "decrypt",
    subject,
    found: "it was changed, moved or damaged since it was stored",
    remedy: "restore the database from a snapshot, and find out who can write to its file",
    cause,
  });
}

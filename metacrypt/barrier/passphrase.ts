import { hashRaw } from "@node-rs/argon2";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { KEY_BYTES } from "./cipher.ts";

/** How a key is made of a passphrase; stored beside what it opens. */
export interface PassphraseParameters {
  /** Base64. */
  readonly salt: string;
  /** KiB. */
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/** Argon2id with 64 MiB and three passes: RFC 9106, section 4, second choice, on one thread. */
export const PASSPHRASE_COSTS = { memoryCost: 65_536, timeCost: 3, parallelism: 1 };

const MIN_CHARACTERS = 12;
/** Bounds the work that an anonymous caller can cause. */
const MAX_BYTES = 1024;

/** The key that a passphrase stands for. */
export async function deriveKey(passphrase: string, parameters: PassphraseParameters): Promise<Buffer> {
  const { salt, ...costs } = parameters;
  const bounded = Buffer.byteLength(passphrase) <= MAX_BYTES ? passphrase : "";
  return hashRaw(normalise(bounded), { ...costs, salt: Buffer.from(salt, "base64"), outputLen: KEY_BYTES });
}

/** @throws DetailedError UNACCEPTABLE_PASSPHRASE */
export function assertAcceptable(passphrase: string): void {
  const characters = Array.from(normalise(passphrase)).length;
  const tooLong = Buffer.byteLength(passphrase) > MAX_BYTES;
  if (characters >= MIN_CHARACTERS && !tooLong) return;
  throw new DetailedError({
    code: "UNACCEPTABLE_PASSPHRASE",
    category: "invalid-argument",
    attempted: "set passphrase",
    found: tooLong ? `it has more than ${MAX_BYTES} bytes` : `it has fewer than ${MIN_CHARACTERS} characters`,
    remedy: "choose another; several random words are good",
  });
}

/** The same passphrase typed on two keyboards can arrive in two Unicode forms. */
function normalise(passphrase: string): string {
  return passphrase.normalize("NFKC");
}

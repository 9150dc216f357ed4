import { randomBytes } from "node:crypto";
import { combine, split } from "shamir-secret-sharing";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { z } from "zod";
import { damaged, KEY_BYTES, openBytes, sealBytes } from "./cipher.ts";
import { deriveKey, PASSPHRASE_COSTS } from "./passphrase.ts";
import type { SlotKind, StoredSlot } from "./stored-keys.ts";

export interface ShareScheme {
  /** How many are made. */
  readonly shares: number;
  /** How many are needed. */
  readonly threshold: number;
}

const SALT_BYTES = 16;
const MAX_SHARES = 255;
/** A share is as long as the key, and a byte that tells it from the others. */
const SHARE_BYTES = KEY_BYTES + 1;

const cost = z.int().positive();
const passphraseParameters = z.strictObject({
  salt: z.string(),
  memoryCost: cost,
  timeCost: cost,
  parallelism: cost,
});
const shareParameters = z.strictObject({ shares: cost, threshold: cost });

/** A slot that a passphrase opens. */
export async function passphraseSlot(root: Uint8Array, passphrase: string): Promise<StoredSlot> {
  const parameters = { salt: randomBytes(SALT_BYTES).toString("base64"), ...PASSPHRASE_COSTS };
  return slotOf("passphrase", JSON.stringify(parameters), await deriveKey(passphrase, parameters), root);
}

/** The root key, or undefined where the passphrase is wrong. */
export async function openByPassphrase(slot: StoredSlot, passphrase: string): Promise<Buffer | undefined> {
  return openSlot(slot, await deriveKey(passphrase, parametersOf(slot, passphraseParameters)));
}

/** A slot that so many of the shares open together, and the shares as text.
 * @throws DetailedError SHARE_SCHEME_INVALID */
export async function shareSlot(
  root: Uint8Array,
  scheme: ShareScheme,
): Promise<{ slot: StoredSlot; shares: string[] }> {
  assertPossible(scheme);
  const { shares: count, threshold } = scheme;
  const key = randomBytes(KEY_BYTES);
  // The library takes no Buffer.
  const plain = Uint8Array.from(key);
  const shares = await split(plain, count, threshold);
  plain.fill(0);
  const texts = shares.map((share) => Buffer.from(share).toString("base64url"));
  for (const share of shares) share.fill(0);
  return { slot: slotOf("shares", JSON.stringify({ shares: count, threshold }), key, root), shares: texts };
}

/** The root key, or undefined where the shares do not belong together or to this slot. */
export async function openByShares(
  slot: StoredSlot,
  shares: readonly Uint8Array[],
): Promise<Buffer | undefined> {
  const key = await combine(shares.map((share) => Uint8Array.from(share))).catch(() => undefined);
  return key === undefined ? undefined : openSlot(slot, key);
}

export function schemeOf(slot: StoredSlot): ShareScheme {
  return parametersOf(slot, shareParameters);
}

/** The bytes of a share's text.
 * @throws DetailedError SHARE_MALFORMED */
export function parseShare(text: string): Buffer {
  const trimmed = text.trim();
  const share = /^[\w-]{44}$/u.test(trimmed) ? Buffer.from(trimmed, "base64url") : undefined;
  if (share?.length === SHARE_BYTES) return share;
  throw new DetailedError({
    code: "SHARE_MALFORMED",
    category: "invalid-argument",
    attempted: "unseal",
    found: "what was given is not a share",
    remedy: "give one whole share, as it was printed: 44 letters, digits, - and _",
  });
}

/** A slot that the key of a file opens. */
export function keyFileSlot(root: Uint8Array, key: Uint8Array): StoredSlot {
  return slotOf("key-file", "{}", Buffer.from(key), root);
}

/** The root key, or undefined where it is the key of something else. */
export function openByKeyFile(slot: StoredSlot, key: Uint8Array): Buffer | undefined {
  return openSlot(slot, Buffer.from(key));
}

function slotOf(kind: SlotKind, parameters: string, key: Buffer, root: Uint8Array): StoredSlot {
  const slot = { kind, parameters, ...sealBytes(key, labelOf(kind, parameters), root) };
  key.fill(0);
  return slot;
}

/** Overwrites `key`. */
function openSlot(slot: StoredSlot, key: Uint8Array): Buffer | undefined {
  const root = openBytes(key, labelOf(slot.kind, slot.parameters), slot);
  key.fill(0);
  return root;
}

function labelOf(kind: SlotKind, parameters: string): string {
  return `metacrypt/root-key/${kind}/${parameters}`;
}

function parametersOf<S extends z.ZodType>(slot: StoredSlot, schema: S): z.output<S> {
  try {
    return schema.parse(JSON.parse(slot.parameters));
  } catch (cause) {
    throw damaged(`the protection of the root key by ${slot.kind}`, cause);
  }
}

function assertPossible({ shares, threshold }: ShareScheme): void {
  if (shares >= 2 && shares <= MAX_SHARES && threshold >= 2 && threshold <= shares) return;
  throw new DetailedError({
    code: "SHARE_SCHEME_INVALID",
    category: "invalid-argument",
    attempted: "make shares",
    found: `${threshold} of ${shares}`,
    remedy: `make 2 to ${MAX_SHARES} shares, of which 2 or more are needed, and not more than are made`,
  });
}

import { assertAcceptable } from "./passphrase.ts";
import { protectionMissing } from "./refusals.ts";
import { keyFileSlot, passphraseSlot, type ShareScheme, shareSlot } from "./slots.ts";
import type { StoredSlot } from "./stored-keys.ts";

/** What opens the seal besides the key of a file. */
export type Protection = { readonly passphrase: string } | { readonly scheme: ShareScheme };

/** What shall open the seal: one of the two at least. */
export interface ProtectedBy {
  readonly protection?: Protection | undefined;
  readonly fileKey?: Uint8Array | undefined;
}

/** Makes the slots for a root key, and the shares as text where there are some.
 * @throws DetailedError PROTECTION_MISSING, UNACCEPTABLE_PASSPHRASE, SHARE_SCHEME_INVALID */
export async function protect(
  root: Uint8Array,
  { protection, fileKey }: ProtectedBy,
): Promise<{ slots: StoredSlot[]; shares: string[] }> {
  const slots = fileKey === undefined ? [] : [keyFileSlot(root, fileKey)];
  if (protection === undefined) {
    if (slots.length === 0) throw protectionMissing();
    return { slots, shares: [] };
  }
  if ("passphrase" in protection) {
    assertAcceptable(protection.passphrase);
    return { slots: [...slots, await passphraseSlot(root, protection.passphrase)], shares: [] };
  }
  const { slot, shares } = await shareSlot(root, protection.scheme);
  return { slots: [...slots, slot], shares };
}

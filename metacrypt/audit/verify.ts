import type { AuditStore, Link } from "./audit-store.ts";
import { chainHash } from "./chain.ts";

export interface Verification {
  /** How many entries fit. */
  readonly entries: number;
  /** The last one that fits. */
  readonly last: Link;
  /** The first that does not; undefined: all fit. */
  readonly broken: { readonly sequence: number; readonly problem: string } | undefined;
}

const READ_AT_ONCE = 1000;

/** Computes the chain of hashes again from where it begins. It shows what was changed, removed or put in between
 * afterwards; that the newest entries are missing, or everything was computed again, shows only a hash of the newest
 * entry that is kept elsewhere. Other requests have their turn meanwhile.
 * @param expected such a hash */
export async function verifyChain(store: AuditStore, expected?: Uint8Array): Promise<Verification> {
  let last = store.anchor();
  let entries = 0;
  let isFound = expected === undefined || equal(last.hash, expected);
  for (;;) {
    const page = await nextPage(store, last.sequence);
    for (const entry of page) {
      const { sequence } = entry;
      if (sequence !== last.sequence + 1) {
        const problem = `entries ${last.sequence + 1} to ${sequence - 1} are missing`;
        return { entries, last, broken: { sequence: last.sequence + 1, problem } };
      }
      if (!equal(entry.hash, chainHash(last.hash, entry))) {
        const problem = "its hash is not that of its content and of the entry before";
        return { entries, last, broken: { sequence, problem } };
      }
      last = { sequence, hash: entry.hash };
      entries += 1;
      isFound ||= expected !== undefined && equal(entry.hash, expected);
    }
    if (page.length < READ_AT_ONCE) return { entries, last, broken: isFound ? undefined : missing(last) };
  }
}

async function nextPage(store: AuditStore, after: number): Promise<ReturnType<AuditStore["list"]>> {
  await new Promise(setImmediate);
  return store.after(after, READ_AT_ONCE);
}

function missing(last: Link): NonNullable<Verification["broken"]> {
  return {
    sequence: last.sequence + 1,
    problem: "no entry has the expected hash: entries were cut off or rewritten",
  };
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b);
}

import { createHash } from "node:crypto";

/** An entry as it is stored, but for its hash. */
export interface ChainedFields {
  readonly sequence: number;
  readonly atMs: number;
  readonly actor: string;
  readonly operation: string;
  readonly mount: string;
  readonly subject: string;
  readonly outcome: string;
  /** JSON. */
  readonly facts: string;
}

/** What the first entry follows. */
export const CHAIN_START = { sequence: 0, hash: new Uint8Array(32) };

/** SHA-256 over the hash of the entry before, and the fields as a JSON array in the order of `ChainedFields`. */
export function chainHash(before: Uint8Array, entry: ChainedFields): Uint8Array {
  const { sequence, atMs, actor, operation, mount, subject, outcome, facts } = entry;
  return createHash("sha256")
    .update(before)
    .update(JSON.stringify([sequence, atMs, actor, operation, mount, subject, outcome, facts]))
    .digest();
}

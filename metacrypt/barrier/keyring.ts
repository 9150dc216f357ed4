import { randomBytes } from "node:crypto";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { damaged, KEY_BYTES, openBytes, type Sealed, sealBytes } from "./cipher.ts";

/** A barrier key as it is stored. */
export interface StoredKey extends Sealed {
  readonly version: number;
}

/** The keys of an open barrier, in memory only. */
export class Keyring {
  readonly #root: Buffer;
  readonly #keys = new Map<number, Buffer>();
  #current = 0;

  private constructor(root: Uint8Array) {
    this.#root = Buffer.from(root);
  }

  /** A new ring with a first key. */
  static create(): Keyring {
    const ring = new Keyring(randomBytes(KEY_BYTES));
    ring.addKey();
    return ring;
  }

  /** @throws DetailedError RECORD_DAMAGED where one does not open with the root key */
  static open(root: Uint8Array, stored: readonly StoredKey[]): Keyring {
    const ring = new Keyring(root);
    for (const key of stored) {
      const opened = openBytes(root, keyLabel(key.version), key);
      if (opened === undefined) throw damaged(`barrier key ${key.version}`);
      ring.#keys.set(key.version, opened);
      ring.#current = Math.max(ring.#current, key.version);
    }
    if (ring.#current === 0) throw damaged("the barrier keys");
    return ring;
  }

  /** Version of the key for what is stored from now on. */
  get current(): number {
    return this.#current;
  }

  /** @throws DetailedError SEALED, RECORD_DAMAGED where there is no such key */
  key(version: number): Uint8Array {
    const key = this.#keys.get(version);
    if (key !== undefined) return key;
    throw this.#keys.size === 0 ? sealed() : damaged(`a record of barrier key ${version}`);
  }

  /** The root key, to protect it in another way. */
  get root(): Uint8Array {
    return this.#root;
  }

  /** Adds a key; it becomes the current one. */
  addKey(): number {
    this.#current += 1;
    this.#keys.set(this.#current, randomBytes(KEY_BYTES));
    return this.#current;
  }

  /** Takes back `addKey`. */
  dropNewestKey(): void {
    this.#keys.get(this.#current)?.fill(0);
    this.#keys.delete(this.#current);
    this.#current -= 1;
  }

  /** Forgets the keys that are not the current one. */
  dropOldKeys(): void {
    for (const [version, key] of this.#keys) {
      if (version === this.#current) continue;
      key.fill(0);
      this.#keys.delete(version);
    }
  }

  /** The same keys under a new root key. */
  withNewRoot(): Keyring {
    const ring = new Keyring(randomBytes(KEY_BYTES));
    for (const [version, key] of this.#keys) ring.#keys.set(version, Buffer.from(key));
    ring.#current = this.#current;
    return ring;
  }

  /** All keys, each encrypted with the root key. */
  stored(): StoredKey[] {
    return [...this.#keys].map(([version, key]) => ({
      version,
      ...sealBytes(this.#root, keyLabel(version), key),
    }));
  }

  /** Overwrites all keys. */
  wipe(): void {
    this.#root.fill(0);
    for (const key of this.#keys.values()) key.fill(0);
    this.#keys.clear();
  }
}

function keyLabel(version: number): string {
  return `metacrypt/barrier-key/${version}`;
}

export function sealed(): DetailedError {
  return new DetailedError({
    code: "SEALED",
    category: "unavailable",
    attempted: "serve the request",
    found: "the service is sealed",
    remedy: "unseal it with `metacrypt unseal`",
  });
}

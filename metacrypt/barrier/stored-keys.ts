import type { DatabaseSync } from "node:sqlite";
import type { Sealed } from "./cipher.ts";
import type { StoredKey } from "./keyring.ts";

/** In which way the root key is protected. */
export type SlotKind = "passphrase" | "shares" | "key-file";

export interface StoredSlot extends Sealed {
  readonly kind: SlotKind;
  /** JSON; authenticated with the slot. */
  readonly parameters: string;
}

/** Tables `barrier_keys` and `root_key_slots`. */
export class StoredKeys {
  readonly #sql: DatabaseSync;

  constructor(sql: DatabaseSync) {
    this.#sql = sql;
  }

  slots(): StoredSlot[] {
    return this.#sql
      .prepare("SELECT kind, parameters, nonce, sealed FROM root_key_slots ORDER BY kind")
      .all() as unknown as StoredSlot[];
  }

  /** To be called in a transaction, as `replaceKeys`. */
  replaceSlots(slots: readonly StoredSlot[]): void {
    this.#sql.exec("DELETE FROM root_key_slots");
    const insert = this.#sql.prepare(
      "INSERT INTO root_key_slots (kind, parameters, nonce, sealed) VALUES (?, ?, ?, ?)",
    );
    for (const { kind, parameters, nonce, sealed } of slots) insert.run(kind, parameters, nonce, sealed);
  }

  keys(): StoredKey[] {
    return this.#sql
      .prepare("SELECT version, nonce, sealed FROM barrier_keys ORDER BY version")
      .all() as unknown as StoredKey[];
  }

  replaceKeys(keys: readonly StoredKey[]): void {
    this.#sql.exec("DELETE FROM barrier_keys");
    const insert = this.#sql.prepare("INSERT INTO barrier_keys (version, nonce, sealed) VALUES (?, ?, ?)");
    for (const { version, nonce, sealed } of keys) insert.run(version, nonce, sealed);
  }

  removeKeysBefore(version: number): void {
    this.#sql.prepare("DELETE FROM barrier_keys WHERE version < ?").run(version);
  }
}

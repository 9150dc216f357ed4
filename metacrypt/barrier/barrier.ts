import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Database } from "@metacircular/mcdsl/database/open.ts";
import { DatabaseRecords } from "./database-records.ts";
import { Keyring, sealed } from "./keyring.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { protect, type ProtectedBy } from "./protection.ts";
import {
  alreadyInitialized,
  keyFileRefused,
  notInitialized,
  otherProtection,
  protectionMissing,
  unsealRefused,
} from "./refusals.ts";
import {
  keyFileSlot,
  openByKeyFile,
  openByPassphrase,
  openByShares,
  parseShare,
  schemeOf,
  type ShareScheme,
} from "./slots.ts";
import { type SlotKind, StoredKeys, type StoredSlot } from "./stored-keys.ts";
import { UnsealAttempts } from "./unseal-attempts.ts";

export interface SealStatus {
  readonly initialized: boolean;
  readonly sealed: boolean;
  /** Undefined before it is initialised, and where only a key file opens it. */
  readonly kind: "passphrase" | "shares" | undefined;
  readonly scheme: ShareScheme | undefined;
  /** Shares given so far. */
  readonly progress: number;
  /** A key file opens it. */
  readonly unattended: boolean;
  /** Undefined while sealed. */
  readonly keyVersion: number | undefined;
}

/** Stores what changes, with whatever belongs to it, in one transaction. Throws where that cannot be. */
export type Commit = <T>(work: () => T) => T;

const MAX_WAITING = 16;
const RENEWED_AT_ONCE = 200;

/** Between the stored records and everybody: holds the keys while it is unsealed, and none while it is sealed. */
export class Barrier implements Disposable {
  readonly records: DatabaseRecords;
  readonly #database: Database;
  readonly #stored: StoredKeys;
  readonly #attempts: UnsealAttempts;
  readonly #turn = new OneAtATime(MAX_WAITING);
  #keyring: Keyring | undefined;
  #shares: Buffer[] = [];

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#stored = new StoredKeys(database.sql);
    this.#attempts = new UnsealAttempts(clock);
    this.records = new DatabaseRecords(database, () => this.#keyring);
  }

  get isSealed(): boolean {
    return this.#keyring === undefined;
  }

  status(): SealStatus {
    const slots = this.#stored.slots();
    const slot = slots.find(({ kind }) => kind !== "key-file");
    return {
      initialized: slots.length > 0,
      sealed: this.isSealed,
      kind: slot?.kind === "key-file" ? undefined : slot?.kind,
      scheme: slot?.kind === "shares" ? schemeOf(slot) : undefined,
      progress: this.#shares.length,
      unattended: slots.some(({ kind }) => kind === "key-file"),
      keyVersion: this.#keyring?.current,
    };
  }

  /** Makes the keys; it is unsealed afterwards.
   * @returns the shares as text, where there are some
   * @throws DetailedError ALREADY_INITIALIZED, PROTECTION_MISSING, UNACCEPTABLE_PASSPHRASE, SHARE_SCHEME_INVALID */
  initialize(by: ProtectedBy, commit: Commit): Promise<string[]> {
    return this.#turn.run(async () => {
      if (this.#stored.slots().length > 0) throw alreadyInitialized();
      const keyring = Keyring.create();
      try {
        const made = await protect(keyring.root, by);
        commit(() => {
          if (this.#stored.slots().length > 0) throw alreadyInitialized();
          this.#store(keyring, made.slots);
        });
        this.#keyring = keyring;
        return made.shares;
      } catch (thrown) {
        keyring.wipe();
        throw thrown;
      }
    });
  }

  /** @param confirm called when the passphrase is right, before the keys are used; it stays sealed where it throws
   * @throws DetailedError UNSEAL_REFUSED, UNSEAL_TOO_OFTEN, NOT_INITIALIZED, SEAL_KIND_OTHER */
  unsealByPassphrase(passphrase: string, confirm: () => void): Promise<void> {
    return this.#attempt("passphrase", async (slot) => {
      this.#open(await openByPassphrase(slot, passphrase), confirm);
    });
  }

  /** Takes one share. The last one that is needed unseals; whether the earlier ones were right is told only then.
   * @throws DetailedError as `unsealByPassphrase`, and SHARE_MALFORMED */
  unsealByShare(text: string, confirm: () => void): Promise<void> {
    return this.#attempt("shares", async (slot) => {
      const share = parseShare(text);
      if (!this.#shares.some((known) => known.equals(share))) this.#shares.push(share);
      if (this.#shares.length < schemeOf(slot).threshold) return;
      const root = await openByShares(slot, this.#shares);
      this.forgetShares();
      this.#open(root, confirm);
    });
  }

  /** @throws DetailedError KEY_FILE_REFUSED where it is the key of something else, NOT_INITIALIZED */
  unsealByFileKey(key: Uint8Array, confirm: () => void): Promise<void> {
    return this.#turn.run(async () => {
      if (!this.isSealed) return;
      const slot = this.#slot("key-file");
      const root = slot === undefined ? undefined : openByKeyFile(slot, key);
      if (root === undefined) throw keyFileRefused();
      this.#install(root, confirm);
    });
  }

  /** Drops the shares given so far. */
  forgetShares(): void {
    for (const share of this.#shares) share.fill(0);
    this.#shares = [];
  }

  /** Overwrites all keys in memory. */
  seal(): void {
    this.forgetShares();
    this.#keyring?.wipe();
    this.#keyring = undefined;
  }

  /** Makes a new barrier key, and encrypts all records with it.
   * @returns how many records that were
   * @throws DetailedError SEALED, also when it is sealed meanwhile; what is left is done by `finishRekey` */
  rekey(commit: Commit): Promise<number> {
    return this.#turn.run(async () => {
      const keyring = this.#opened();
      keyring.addKey();
      try {
        commit(() => this.#stored.replaceKeys(keyring.stored()));
      } catch (thrown) {
        keyring.dropNewestKey();
        throw thrown;
      }
      return this.#renewAll();
    });
  }

  /** Goes on with a `rekey` that was interrupted; how many records it encrypted again. */
  finishRekey(): Promise<number> {
    return this.#turn.run(() => this.#renewAll());
  }

  /** Replaces the root key and all that protects it: what opened the seal before opens older copies of the database
   * only.
   * @returns the shares as text, where there are some
   * @throws DetailedError SEALED, PROTECTION_MISSING, UNACCEPTABLE_PASSPHRASE, SHARE_SCHEME_INVALID */
  changeProtection(by: ProtectedBy, commit: Commit): Promise<string[]> {
    return this.#turn.run(async () => {
      const keyring = this.#opened();
      const renewed = keyring.withNewRoot();
      try {
        const made = await protect(renewed.root, by);
        this.#opened();
        commit(() => this.#store(renewed, made.slots));
        this.#keyring = renewed;
        keyring.wipe();
        return made.shares;
      } catch (thrown) {
        renewed.wipe();
        throw thrown;
      }
    });
  }

  /** Lets the key of a file open the seal too, or no longer (undefined); the root key stays.
   * @throws DetailedError SEALED, PROTECTION_MISSING where nothing else would open it */
  changeFileKey(fileKey: Uint8Array | undefined, commit: Commit): Promise<void> {
    return this.#turn.run(async () => {
      const { root } = this.#opened();
      const others = this.#stored.slots().filter(({ kind }) => kind !== "key-file");
      const slots = fileKey === undefined ? others : [...others, keyFileSlot(root, fileKey)];
      if (slots.length === 0) throw protectionMissing();
      commit(() => this.#stored.replaceSlots(slots));
    });
  }

  [Symbol.dispose](): void {
    this.seal();
  }

  async #attempt(kind: SlotKind, work: (slot: StoredSlot) => Promise<void>): Promise<void> {
    return this.#turn.run(async () => {
      if (!this.isSealed) return;
      const slot = this.#slot(kind);
      if (slot === undefined) throw otherProtection(kind);
      this.#attempts.assertAllowed();
      await work(slot);
    });
  }

  #slot(kind: SlotKind): StoredSlot | undefined {
    const slots = this.#stored.slots();
    if (slots.length === 0) throw notInitialized();
    return slots.find((slot) => slot.kind === kind);
  }

  #open(root: Buffer | undefined, confirm: () => void): void {
    if (root === undefined) {
      this.#attempts.wrong();
      throw unsealRefused();
    }
    this.#attempts.right();
    this.#install(root, confirm);
  }

  #install(root: Buffer, confirm: () => void): void {
    try {
      const keyring = Keyring.open(root, this.#stored.keys());
      try {
        confirm();
      } catch (thrown) {
        keyring.wipe();
        throw thrown;
      }
      this.#keyring = keyring;
    } finally {
      root.fill(0);
    }
  }

  #store(keyring: Keyring, slots: readonly StoredSlot[]): void {
    this.#stored.replaceSlots(slots);
    this.#stored.replaceKeys(keyring.stored());
  }

  /** Other requests have their turn between the batches. */
  async #renewAll(): Promise<number> {
    let renewed = 0;
    for (;;) {
      const count = this.records.renew(RENEWED_AT_ONCE);
      renewed += count;
      if (count < RENEWED_AT_ONCE) break;
      await new Promise(setImmediate);
    }
    const keyring = this.#opened();
    this.#database.transaction(() => this.#stored.removeKeysBefore(keyring.current));
    keyring.dropOldKeys();
    return renewed;
  }

  #opened(): Keyring {
    if (this.#keyring === undefined) throw sealed();
    return this.#keyring;
  }
}

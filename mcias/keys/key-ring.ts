import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { RunInTransaction } from "@metacircular/mcdsl/database/transaction.ts";
import { type CryptoKey, importJWK, type JWK } from "jose";
import type { KeyStore } from "./key-store.ts";
import { generateSigningKey, SIGNING_ALGORITHM, type SigningKey } from "./signing-key.ts";

export interface KeyPolicy {
  /** Age at which the current key is replaced. */
  readonly rotateAfterMs: number;
  /**
   * How long a replaced key stays published at least; longer than the longest access token of a
   * human. It stays further while a token signed with it is alive.
   */
  readonly overlapMs: number;
}

/** A key that signs. */
export type ActiveKey = SigningKey & { readonly privateJwk: JWK };

const MAX_IMPORTED_KEYS = 64;

/** The signing keys: one current, one next, the previous ones while something needs them. */
export class KeyRing {
  readonly #store: KeyStore;
  readonly #transaction: RunInTransaction;
  readonly #clock: Pick<Clock, "now">;
  readonly #policy: KeyPolicy;
  readonly #imported = new Map<string, CryptoKey>();

  constructor(parts: {
    store: KeyStore;
    transaction: RunInTransaction;
    clock: Pick<Clock, "now">;
    policy: KeyPolicy;
  }) {
    this.#store = parts.store;
    this.#transaction = parts.transaction;
    this.#clock = parts.clock;
    this.#policy = parts.policy;
  }

  /** The key that signs now. The first call makes the first keys. Other processes may rotate at any time. */
  async current(): Promise<ActiveKey> {
    const found = this.#findCurrent();
    if (found !== undefined) return found;
    const fresh = { current: await generateSigningKey(), next: await generateSigningKey() };
    return this.#transaction(() => {
      const meanwhile = this.#findCurrent();
      if (meanwhile !== undefined) return meanwhile;
      const nowMs = this.#clock.now();
      this.#store.add(fresh.current, "current", nowMs);
      this.#store.add(fresh.next, "next", nowMs);
      return this.#requireCurrent();
    });
  }

  /** Identifies the current key cheaply: one indexed read. */
  currentKid(): string | undefined {
    return this.#store.currentKid();
  }

  list(): SigningKey[] {
    return this.#store.list();
  }

  /** RFC 7517: everything a verifier may meet, and the next key before it is used. */
  publicKeySet(): { keys: JWK[] } {
    return { keys: this.#store.list().map((key) => key.publicJwk) };
  }

  /** Undefined for a key that was never ours or has been removed. */
  async verificationKey(kid: string): Promise<CryptoKey | undefined> {
    const known = this.#imported.get(kid);
    if (known !== undefined) return known;
    const found = this.#store.find(kid);
    if (found === undefined) return undefined;
    const key = (await importJWK(found.publicJwk, SIGNING_ALGORITHM)) as CryptoKey;
    if (this.#imported.size >= MAX_IMPORTED_KEYS) this.#imported.clear();
    this.#imported.set(kid, key);
    return key;
  }

  /** Current becomes previous (and loses its private half), next becomes current, a new next is made. */
  async rotate(): Promise<ActiveKey> {
    const before = await this.current();
    const fresh = await generateSigningKey();
    return this.#transaction(() => {
      if (this.#store.currentKid() !== before.kid) return this.#requireCurrent();
      const nowMs = this.#clock.now();
      this.#store.advance(nowMs);
      this.#store.add(fresh, "next", nowMs);
      return this.#requireCurrent();
    });
  }

  /** Returns the new key when the old one had reached its age. */
  async rotateIfDue(): Promise<ActiveKey | undefined> {
    const current = await this.current();
    const ageMs = this.#clock.now() - (current.activatedAtMs ?? current.createdAtMs);
    return ageMs >= this.#policy.rotateAfterMs ? this.rotate() : undefined;
  }

  /** Removes previous keys that nothing needs. */
  prune(): void {
    const nowMs = this.#clock.now();
    this.#store.prune(nowMs - this.#policy.overlapMs, nowMs);
  }

  #requireCurrent(): ActiveKey {
    const current = this.#findCurrent();
    if (current === undefined) throw new Error("no current signing key");
    return current;
  }

  #findCurrent(): ActiveKey | undefined {
    const kid = this.#store.currentKid();
    const key = kid === undefined ? undefined : this.#store.find(kid);
    return key?.privateJwk === undefined ? undefined : { ...key, privateJwk: key.privateJwk };
  }
}

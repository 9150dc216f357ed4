import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Database } from "@metacircular/mcdsl/database/open.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { type TsigAlgorithm, tsigAlgorithms, type TsigKey, type TsigKeys } from "../transfer/tsig-key.ts";
import type { Name } from "../wire/name.ts";
import { type KeyFacts, KeyTable } from "./key-table.ts";
import { keyNotFound } from "./zone-errors.ts";

/** The TSIG keys: in the database, and in memory for who verifies messages. */
export class KeyStore implements TsigKeys {
  readonly #database: Database;
  readonly #table: KeyTable;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #keys = new Map<Name, TsigKey>();

  constructor(options: { database: Database; clock: Clock; logger: Logger }) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#table = new KeyTable(options.database.sql);
    for (const { name } of this.#table.list()) this.#load(name);
  }

  get(name: Name): TsigKey | undefined {
    return this.#keys.get(name);
  }

  /** @throws DetailedError TSIG_KEY_NOT_FOUND */
  require(name: Name): TsigKey {
    const key = this.#keys.get(name);
    if (key === undefined) throw keyNotFound(name);
    return key;
  }

  /** By name, with the zones that each is for. */
  list(): (KeyFacts & { readonly zones: readonly Name[] })[] {
    return this.#table.list().map((key) => ({ ...key, zones: this.#table.zonesOf(key.name) }));
  }

  /** @throws DetailedError TSIG_KEY_EXISTS */
  add(key: TsigKey, who: string): KeyFacts {
    if (this.#keys.has(key.name)) {
      throw new DetailedError({
        code: "TSIG_KEY_EXISTS",
        category: "already-exists",
        attempted: "add the key",
        subject: key.name,
        found: "there is a TSIG key of this name",
        remedy: "choose another name, or remove that one first",
      });
    }
    const { name, algorithm } = key;
    const facts = { name, algorithm, createdAtMs: this.#clock.now(), createdBy: who };
    this.#database.transaction(() => this.#table.insert(facts, key.secret));
    this.#load(name);
    this.#logger.info({ audit: true, key: name, by: who }, "TSIG key added");
    return facts;
  }

  /** @throws DetailedError TSIG_KEY_NOT_FOUND, TSIG_KEY_IN_USE */
  remove(name: Name, who: string): void {
    this.require(name);
    const zones = this.#table.zonesOf(name);
    if (zones.length > 0) {
      throw new DetailedError({
        code: "TSIG_KEY_IN_USE",
        category: "failed-precondition",
        attempted: "remove the key",
        subject: name,
        found: `it is named by ${zones.slice(0, 5).join(", ")}${zones.length > 5 ? ", ..." : ""}`,
        remedy: "take it out of transfer_keys and update_keys of these zones first",
      });
    }
    this.#database.transaction(() => this.#table.remove(name));
    this.#keys.delete(name);
    this.#logger.info({ audit: true, key: name, by: who }, "TSIG key removed");
  }

  #load(name: Name): void {
    const stored = this.#table.secretOf(name);
    if (stored !== undefined && isAlgorithm(stored.algorithm)) {
      this.#keys.set(name, { name, algorithm: stored.algorithm, secret: stored.secret });
    }
  }
}

export function isAlgorithm(text: string): text is TsigAlgorithm {
  return (tsigAlgorithms as readonly string[]).includes(text);
}

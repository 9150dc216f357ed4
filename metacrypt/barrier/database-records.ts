import type { StatementSync } from "node:sqlite";
import type { Database } from "@metacircular/mcdsl/database/open.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { damaged, openBytes, sealBytes } from "./cipher.ts";
import { type Keyring, sealed as sealedError } from "./keyring.ts";
import type { SealedRecords } from "./sealed-records.ts";

const MAX_PATH_CHARACTERS = 512;
const MAX_VALUE_BYTES = 4 * 1024 * 1024;
const DEFAULT_LIMIT = 1000;
/** After every path with the prefix. */
const LAST_CHARACTER = "\u{10ffff}";

interface Row {
  readonly path: string;
  readonly key_version: number;
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
}

/** Table `records`: each encrypted with a barrier key, its path and the key's version authenticated with it. */
export class DatabaseRecords implements SealedRecords {
  readonly #database: Database;
  readonly #keyring: () => Keyring | undefined;
  readonly #select: StatementSync;
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;
  readonly #list: StatementSync;
  readonly #listAfter: StatementSync;
  readonly #outdated: StatementSync;
  readonly #countOutdated: StatementSync;

  /** @param keyring undefined while the barrier is sealed */
  constructor(database: Database, keyring: () => Keyring | undefined) {
    this.#database = database;
    this.#keyring = keyring;
    const { sql } = database;
    this.#select = sql.prepare("SELECT path, key_version, nonce, sealed FROM records WHERE path = ?");
    this.#upsert = sql.prepare(
      `INSERT INTO records (path, key_version, nonce, sealed) VALUES (?, ?, ?, ?)
       ON CONFLICT (path) DO UPDATE SET key_version = excluded.key_version, nonce = excluded.nonce,
         sealed = excluded.sealed`,
    );
    this.#delete = sql.prepare("DELETE FROM records WHERE path = ?");
    this.#list = sql.prepare("SELECT path FROM records WHERE path >= ? AND path < ? ORDER BY path LIMIT ?");
    this.#listAfter = sql.prepare(
      "SELECT path FROM records WHERE path > ? AND path < ? ORDER BY path LIMIT ?",
    );
    this.#outdated = sql.prepare(
      "SELECT path, key_version, nonce, sealed FROM records WHERE key_version < ? LIMIT ?",
    );
    this.#countOutdated = sql.prepare("SELECT count(*) AS count FROM records WHERE key_version < ?");
  }

  get(path: string): Uint8Array | undefined {
    const keyring = this.#opened();
    const row = this.#select.get(path) as unknown as Row | undefined;
    return row === undefined ? undefined : decrypt(keyring, row);
  }

  put(path: string, value: Uint8Array): void {
    const keyring = this.#opened();
    assertStorable(path, value);
    this.#encrypt(keyring, path, value);
  }

  delete(path: string): boolean {
    this.#opened();
    return Number(this.#delete.run(path).changes) > 0;
  }

  list(prefix: string, options: { readonly after?: string; readonly limit?: number } = {}): string[] {
    this.#opened();
    const { after = "", limit = DEFAULT_LIMIT } = options;
    // One lower bound each: with two of them every page would begin at the first path.
    const isPage = after > prefix;
    const rows = (isPage ? this.#listAfter : this.#list).all(
      isPage ? after : prefix,
      prefix + LAST_CHARACTER,
      limit,
    );
    return rows.map(({ path }) => String(path));
  }

  transaction<T>(work: () => T): T {
    this.#opened();
    return this.#database.transaction(work);
  }

  under(prefix: string): SealedRecords {
    return new RecordsBelow(this, `${prefix.replace(/\/$/u, "")}/`);
  }

  /** Encrypts at most `limit` records with the current key that have an older one; how many.
   * @throws DetailedError SEALED, RECORD_DAMAGED */
  renew(limit: number): number {
    const keyring = this.#opened();
    return this.#database.transaction(() => {
      const rows = this.#outdated.all(keyring.current, limit) as unknown as Row[];
      for (const row of rows) {
        const plain = decrypt(keyring, row);
        this.#encrypt(keyring, row.path, plain);
        plain.fill(0);
      }
      return rows.length;
    });
  }

  /** How many records have an older key than the current one. */
  outdated(): number {
    return Number(this.#countOutdated.get(this.#opened().current)?.["count"]);
  }

  #encrypt(keyring: Keyring, path: string, value: Uint8Array): void {
    const version = keyring.current;
    const { nonce, sealed } = sealBytes(keyring.key(version), labelOf(path, version), value);
    this.#upsert.run(path, version, nonce, sealed);
  }

  #opened(): Keyring {
    const keyring = this.#keyring();
    if (keyring === undefined) throw sealedError();
    return keyring;
  }
}

/** The records of one root, with their paths from there. */
class RecordsBelow implements SealedRecords {
  readonly #all: SealedRecords;
  readonly #root: string;

  constructor(all: SealedRecords, root: string) {
    this.#all = all;
    this.#root = root;
  }

  get(path: string): Uint8Array | undefined {
    return this.#all.get(this.#root + path);
  }

  put(path: string, value: Uint8Array): void {
    this.#all.put(this.#root + path, value);
  }

  delete(path: string): boolean {
    return this.#all.delete(this.#root + path);
  }

  list(
    prefix: string,
    { after, ...options }: { readonly after?: string; readonly limit?: number } = {},
  ): string[] {
    const from = after === undefined ? {} : { after: this.#root + after };
    return this.#all
      .list(this.#root + prefix, { ...options, ...from })
      .map((path) => path.slice(this.#root.length));
  }

  transaction<T>(work: () => T): T {
    return this.#all.transaction(work);
  }

  under(prefix: string): SealedRecords {
    return new RecordsBelow(this.#all, `${this.#root}${prefix.replace(/\/$/u, "")}/`);
  }
}

function decrypt(keyring: Keyring, row: Row): Uint8Array {
  const plain = openBytes(keyring.key(row.key_version), labelOf(row.path, row.key_version), row);
  if (plain === undefined) throw damaged(`record ${row.path}`);
  return plain;
}

function labelOf(path: string, keyVersion: number): string {
  return `metacrypt/record/${keyVersion}/${path}`;
}

function assertStorable(path: string, value: Uint8Array): void {
  const wellFormed =
    path.length <= MAX_PATH_CHARACTERS &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== "..") &&
    !/[\u0000-\u001f\u007f]/u.test(path);
  if (wellFormed && value.length <= MAX_VALUE_BYTES) return;
  throw new DetailedError({
    code: "RECORD_UNACCEPTABLE",
    category: "invalid-argument",
    attempted: "store record",
    subject: wellFormed ? path : "",
    found: wellFormed
      ? `it has ${value.length} bytes, more than ${MAX_VALUE_BYTES}`
      : "its path is empty, too long, or has parts that are none",
    remedy: "use shorter names or less content",
  });
}

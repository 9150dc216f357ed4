import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Name } from "../wire/name.ts";

/** What an administrator decides of a zone. */
export interface ZoneSettings {
  readonly primary: Name;
  /** Mailbox as a domain name. */
  readonly contact: Name;
  /** Seconds, as the next four. */
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly negativeTtl: number;
  readonly defaultTtl: number;
  /** `address[:port]` of secondaries. */
  readonly notify: readonly string[];
  /** Names of TSIG keys. */
  readonly transferKeys: readonly Name[];
  readonly updateKeys: readonly Name[];
}

export interface StoredZone extends ZoneSettings {
  readonly id: number;
  readonly name: Name;
  readonly serial: number;
  readonly updatedAtMs: number;
}

/** Whether two zones are set up alike. */
export function sameSettings(left: ZoneSettings, right: ZoneSettings): boolean {
  return fingerprint(left) === fingerprint(right);
}

function fingerprint(settings: ZoneSettings): string {
  const { primary, contact, refresh, retry, expire, negativeTtl, defaultTtl } = settings;
  const { notify, transferKeys, updateKeys } = settings;
  const times = [refresh, retry, expire, negativeTtl, defaultTtl];
  return JSON.stringify([primary, contact, times, notify, transferKeys, updateKeys]);
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly primary_name: string;
  readonly contact: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly negative_ttl: number;
  readonly default_ttl: number;
  readonly notify: string;
  readonly updated_at_ms: number;
}

/** Tables `zones`, `zone_keys` and `former_zones`. */
export class ZoneTable {
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #all: StatementSync;
  readonly #keys: StatementSync;
  readonly #addKey: StatementSync;
  readonly #removeKeys: StatementSync;
  readonly #retire: StatementSync;
  readonly #former: StatementSync;

  constructor(sql: DatabaseSync) {
    this.#insert = sql.prepare(
      `INSERT INTO zones (name, primary_name, contact, serial, refresh, retry, expire, negative_ttl, default_ttl,
                          notify, updated_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = sql.prepare(
      `UPDATE zones SET primary_name = ?, contact = ?, serial = ?, refresh = ?, retry = ?, expire = ?,
                        negative_ttl = ?, default_ttl = ?, notify = ?, updated_at_ms = ? WHERE id = ?`,
    );
    this.#delete = sql.prepare("DELETE FROM zones WHERE id = ?");
    this.#all = sql.prepare("SELECT * FROM zones ORDER BY name");
    this.#keys = sql.prepare("SELECT purpose, key FROM zone_keys WHERE zone_id = ? ORDER BY key");
    this.#addKey = sql.prepare("INSERT OR IGNORE INTO zone_keys (zone_id, purpose, key) VALUES (?, ?, ?)");
    this.#removeKeys = sql.prepare("DELETE FROM zone_keys WHERE zone_id = ?");
    this.#retire = sql.prepare("INSERT OR REPLACE INTO former_zones (name, serial) VALUES (?, ?)");
    this.#former = sql.prepare("SELECT serial FROM former_zones WHERE name = ?");
  }

  /** By name. */
  list(): StoredZone[] {
    return (this.#all.all() as unknown as Row[]).map((row) => this.#zoneOf(row));
  }

  insert(zone: Omit<StoredZone, "id">): StoredZone {
    const { lastInsertRowid } = this.#insert.run(
      zone.name,
      zone.primary,
      zone.contact,
      zone.serial,
      zone.refresh,
      zone.retry,
      zone.expire,
      zone.negativeTtl,
      zone.defaultTtl,
      JSON.stringify(zone.notify),
      zone.updatedAtMs,
    );
    const stored = { ...zone, id: Number(lastInsertRowid) };
    this.#insertKeys(stored);
    return stored;
  }

  update(zone: StoredZone): void {
    this.#update.run(
      zone.primary,
      zone.contact,
      zone.serial,
      zone.refresh,
      zone.retry,
      zone.expire,
      zone.negativeTtl,
      zone.defaultTtl,
      JSON.stringify(zone.notify),
      zone.updatedAtMs,
      zone.id,
    );
  }

  /** The names of keys of the zone are replaced by those it has. */
  updateKeys(zone: StoredZone): void {
    this.#removeKeys.run(zone.id);
    this.#insertKeys(zone);
  }

  /** With its records and journal; its serial number is remembered. */
  remove(zone: StoredZone): void {
    this.#retire.run(zone.name, zone.serial);
    this.#delete.run(zone.id);
  }

  /** The last serial number of a removed zone; undefined: there was none. */
  formerSerial(name: Name): number | undefined {
    return (this.#former.get(name) as { serial: number } | undefined)?.serial;
  }

  #insertKeys({ id, transferKeys, updateKeys }: StoredZone): void {
    for (const key of transferKeys) this.#addKey.run(id, "transfer", key);
    for (const key of updateKeys) this.#addKey.run(id, "update", key);
  }

  #zoneOf(row: Row): StoredZone {
    const keys = this.#keys.all(row.id) as unknown as { purpose: string; key: string }[];
    const keysFor = (wanted: string): string[] =>
      keys.filter(({ purpose }) => purpose === wanted).map(({ key }) => key);
    return {
      id: row.id,
      name: row.name,
      primary: row.primary_name,
      contact: row.contact,
      serial: row.serial,
      refresh: row.refresh,
      retry: row.retry,
      expire: row.expire,
      negativeTtl: row.negative_ttl,
      defaultTtl: row.default_ttl,
      notify: JSON.parse(row.notify) as string[],
      transferKeys: keysFor("transfer"),
      updateKeys: keysFor("update"),
      updatedAtMs: row.updated_at_ms,
    };
  }
}

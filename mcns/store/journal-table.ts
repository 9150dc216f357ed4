import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ResourceRecord, ZoneChange } from "../zone/zone.ts";

/** How much of the past can be told to secondaries. */
export interface JournalLimits {
  /** Changes kept for each zone. */
  readonly maxChanges: number;
  readonly keepForMs: number;
}

/** A change of more records is not kept: sending the whole zone costs as much. */
const mostRecords = 20_000;

interface Row {
  readonly from_serial: number;
  readonly to_serial: number;
  readonly removed: string;
  readonly added: string;
}

/** Table `changes`. */
export class JournalTable {
  readonly #limits: JournalLimits;
  readonly #insert: StatementSync;
  readonly #clear: StatementSync;
  readonly #trim: StatementSync;
  readonly #expire: StatementSync;
  readonly #since: StatementSync;

  constructor(sql: DatabaseSync, limits: JournalLimits) {
    this.#limits = limits;
    this.#insert = sql.prepare(
      "INSERT INTO changes (zone_id, from_serial, to_serial, at_ms, removed, added) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#clear = sql.prepare("DELETE FROM changes WHERE zone_id = ?");
    this.#trim = sql.prepare(
      `DELETE FROM changes WHERE zone_id = ?1 AND id <=
         (SELECT id FROM changes WHERE zone_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`,
    );
    this.#expire = sql.prepare("DELETE FROM changes WHERE at_ms < ?");
    this.#since = sql.prepare(
      `SELECT from_serial, to_serial, removed, added FROM changes
       WHERE zone_id = ?1 AND id >= (SELECT max(id) FROM changes WHERE zone_id = ?1 AND from_serial = ?2)
       ORDER BY id`,
    );
  }

  add(zoneId: number, change: ZoneChange, nowMs: number): void {
    if (change.removed.length + change.added.length > mostRecords) {
      this.#clear.run(zoneId);
      return;
    }
    const { fromSerial, toSerial, removed, added } = change;
    this.#insert.run(zoneId, fromSerial, toSerial, nowMs, encode(removed), encode(added));
    this.#trim.run(zoneId, this.#limits.maxChanges);
  }

  /** Forgets what is too old. */
  expire(nowMs: number): void {
    this.#expire.run(nowMs - this.#limits.keepForMs);
  }

  /** From the one that starts at this serial number to the last; empty when there is none. */
  since(zoneId: number, fromSerial: number): ZoneChange[] {
    return (this.#since.all(zoneId, fromSerial) as unknown as Row[]).map((row) => ({
      fromSerial: row.from_serial,
      toSerial: row.to_serial,
      removed: decode(row.removed),
      added: decode(row.added),
    }));
  }
}

type Encoded = [name: string, type: number, ttl: number, data: string];

function encode(records: readonly ResourceRecord[]): string {
  const rows = records.map(({ name, type, ttl, data }): Encoded => [
    name,
    type,
    ttl,
    Buffer.from(data).toString("base64"),
  ]);
  return JSON.stringify(rows);
}

function decode(text: string): ResourceRecord[] {
  return (JSON.parse(text) as Encoded[]).map(([name, type, ttl, data]) => ({
    name,
    type,
    ttl,
    data: Buffer.from(data, "base64"),
  }));
}

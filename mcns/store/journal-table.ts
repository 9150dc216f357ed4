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
/** Of the changes of a zone that are kept, as they are stored: an answer has all of them at once. When there are more,
 * only the newer half of so much stays, so that this is seldom. */
const mostBytes = 8 * 1024 * 1024;

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
  readonly #shrink: StatementSync;
  readonly #sum: StatementSync;
  readonly #expire: StatementSync;
  readonly #since: StatementSync;
  /** By zone, at least as much as is stored. */
  readonly #bytes = new Map<number, number>();

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
    this.#shrink = sql.prepare(
      `DELETE FROM changes WHERE zone_id = ?1 AND id <=
         (SELECT max(id) FROM
           (SELECT id, sum(octet_length(removed) + octet_length(added)) OVER (ORDER BY id DESC) AS bytes
            FROM changes WHERE zone_id = ?1)
          WHERE bytes > ?2)`,
    );
    this.#sum = sql.prepare(
      "SELECT total(octet_length(removed) + octet_length(added)) AS bytes FROM changes WHERE zone_id = ?",
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
    const { fromSerial, toSerial } = change;
    const [removed, added] = [encode(change.removed), encode(change.added)];
    this.#insert.run(zoneId, fromSerial, toSerial, nowMs, removed, added);
    this.#trim.run(zoneId, this.#limits.maxChanges);
    const known = this.#bytes.get(zoneId);
    const bytes = known === undefined ? this.#stored(zoneId) : known + removed.length + added.length;
    if (bytes > mostBytes) this.#shrink.run(zoneId, mostBytes / 2);
    this.#bytes.set(zoneId, bytes > mostBytes ? this.#stored(zoneId) : bytes);
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

  #stored(zoneId: number): number {
    return (this.#sum.get(zoneId) as { bytes: number }).bytes;
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

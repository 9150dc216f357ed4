import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Name } from "../wire/name.ts";

export interface StoredRecord {
  readonly id: number;
  readonly name: Name;
  readonly type: number;
  /** Seconds; null: the zone's default. */
  readonly ttl: number | null;
  /** In canonical wire form. */
  readonly data: Uint8Array;
  readonly updatedAtMs: number;
  readonly updatedBy: string;
}

export type NewRecord = Pick<StoredRecord, "name" | "type" | "ttl" | "data">;

/** Where a listing goes on. */
export interface RecordPosition {
  readonly name: Name;
  readonly type: number;
  readonly data: Uint8Array;
}

export interface RecordQuery {
  readonly zoneId: number;
  /** undefined: all. */
  readonly name?: Name | undefined;
  readonly type?: number | undefined;
  readonly after?: RecordPosition | undefined;
  /** At most so many; -1: all. */
  readonly limit: number;
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly ttl: number | null;
  readonly data: Uint8Array;
  readonly updated_at_ms: number;
  readonly updated_by: string;
}

const columns = "id, name, type, ttl, data, updated_at_ms, updated_by";

/** Table `records`. */
export class RecordTable {
  readonly #sql: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #setTtl: StatementSync;
  readonly #delete: StatementSync;
  readonly #byId: StatementSync;
  readonly #atName: StatementSync;
  readonly #same: StatementSync;
  readonly #count: StatementSync;
  readonly #names: StatementSync;

  constructor(sql: DatabaseSync) {
    this.#sql = sql;
    this.#insert = sql.prepare(
      `INSERT INTO records (zone_id, name, type, ttl, data, updated_at_ms, updated_by) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = sql.prepare(
      "UPDATE records SET name = ?, type = ?, ttl = ?, data = ?, updated_at_ms = ?, updated_by = ? WHERE id = ?",
    );
    this.#setTtl = sql.prepare(
      `UPDATE records SET ttl = ?, updated_at_ms = ?, updated_by = ?
       WHERE zone_id = ? AND name = ? AND type = ? AND ttl IS NOT ?`,
    );
    this.#delete = sql.prepare("DELETE FROM records WHERE id = ?");
    this.#byId = sql.prepare(`SELECT ${columns} FROM records WHERE zone_id = ? AND id = ?`);
    this.#atName = sql.prepare(
      `SELECT ${columns} FROM records WHERE zone_id = ? AND name = ? ORDER BY type, data`,
    );
    this.#same = sql.prepare(
      `SELECT ${columns} FROM records WHERE zone_id = ? AND name = ? AND type = ? AND data = ?`,
    );
    this.#count = sql.prepare("SELECT count(*) AS count FROM records WHERE zone_id = ?");
    this.#names = sql.prepare("SELECT DISTINCT name FROM records WHERE zone_id = ?");
  }

  insert(zoneId: number, record: NewRecord, atMs: number, by: string): number {
    const { name, type, ttl, data } = record;
    return Number(this.#insert.run(zoneId, name, type, ttl, data, atMs, by).lastInsertRowid);
  }

  update(id: number, record: NewRecord, atMs: number, by: string): void {
    this.#update.run(record.name, record.type, record.ttl, record.data, atMs, by, id);
  }

  /** Of all records of a name and type. */
  setTtl(zoneId: number, set: Pick<NewRecord, "name" | "type" | "ttl">, atMs: number, by: string): void {
    this.#setTtl.run(set.ttl, atMs, by, zoneId, set.name, set.type, set.ttl);
  }

  remove(id: number): void {
    this.#delete.run(id);
  }

  find(zoneId: number, id: number): StoredRecord | undefined {
    return recordOf(this.#byId.get(zoneId, id));
  }

  /** The record with exactly these data. */
  findSame(zoneId: number, { name, type, data }: RecordPosition): StoredRecord | undefined {
    return recordOf(this.#same.get(zoneId, name, type, data));
  }

  /** By type and data. */
  atName(zoneId: number, name: Name): StoredRecord[] {
    return recordsOf(this.#atName.all(zoneId, name));
  }

  /** By name, type and data. */
  list(query: RecordQuery): StoredRecord[] {
    const { zoneId, name, type, after, limit } = query;
    const conditions = ["zone_id = ?"];
    const values: (string | number | Uint8Array)[] = [zoneId];
    if (name !== undefined) {
      conditions.push("name = ?");
      values.push(name);
    }
    if (type !== undefined) {
      conditions.push("type = ?");
      values.push(type);
    }
    if (after !== undefined) {
      conditions.push("(name, type, data) > (?, ?, ?)");
      values.push(after.name, after.type, after.data);
    }
    const sql = `SELECT ${columns} FROM records WHERE ${conditions.join(" AND ")} ORDER BY name, type, data LIMIT ?`;
    return recordsOf(this.#sql.prepare(sql).all(...values, limit));
  }

  count(zoneId: number): number {
    return (this.#count.get(zoneId) as { count: number }).count;
  }

  /** Every name that has records. */
  names(zoneId: number): Name[] {
    return (this.#names.all(zoneId) as unknown as { name: string }[]).map(({ name }) => name);
  }

  /** Every record of every zone, by zone, name, type and data, without making an array of them. */
  *everything(): Generator<{ zoneId: number } & NewRecord> {
    const all = this.#sql.prepare(
      "SELECT zone_id, name, type, ttl, data FROM records ORDER BY zone_id, name, type, data",
    );
    all.setReturnArrays(true);
    for (const row of all.iterate() as Iterable<unknown>) {
      const [zoneId, name, type, ttl, data] = row as [number, string, number, number | null, Uint8Array];
      yield { zoneId, name, type, ttl, data };
    }
  }
}

function recordsOf(rows: readonly unknown[]): StoredRecord[] {
  return rows.flatMap((row) => recordOf(row) ?? []);
}

function recordOf(row: unknown): StoredRecord | undefined {
  if (row === undefined) return undefined;
  const { id, name, type, ttl, data, updated_at_ms, updated_by } = row as Row;
  return { id, name, type, ttl, data, updatedAtMs: updated_at_ms, updatedBy: updated_by };
}

import type { Name } from "../wire/name.ts";
import { typeNameOf } from "../wire/record-type.ts";
import type { Node } from "../zone/zone.ts";
import type { NewRecord, RecordTable, StoredRecord } from "./record-table.ts";
import { nodeOf } from "./stored-nodes.ts";
import { recordExists, recordNotFound } from "./zone-errors.ts";
import { sameSettings, type StoredZone, type ZoneSettings, type ZoneTable } from "./zone-table.ts";

/** The changes of one transaction to one zone. It remembers which names they touch. */
export class ZoneEdit {
  readonly #zones: ZoneTable;
  readonly #records: RecordTable;
  readonly #nowMs: number;
  readonly #who: string;
  readonly #touched = new Set<Name>();
  #zone: StoredZone;

  constructor(
    tables: { zones: ZoneTable; records: RecordTable },
    zone: StoredZone,
    by: { nowMs: number; who: string },
  ) {
    this.#zones = tables.zones;
    this.#records = tables.records;
    this.#zone = zone;
    this.#nowMs = by.nowMs;
    this.#who = by.who;
  }

  /** The zone as these changes leave it, but for its serial number. */
  get zone(): StoredZone {
    return this.#zone;
  }

  /** By type and data. */
  atName(name: Name): StoredRecord[] {
    return this.#records.atName(this.#zone.id, name);
  }

  names(): Name[] {
    return this.#records.names(this.#zone.id);
  }

  /** @throws DetailedError RECORD_NOT_FOUND */
  find(id: string): StoredRecord {
    const record = /^\d{1,15}$/u.test(id) ? this.#records.find(this.#zone.id, Number(id)) : undefined;
    if (record === undefined) throw recordNotFound(this.#zone.name, id);
    return record;
  }

  /** Adds a record; its TTL becomes that of all records of its name and type.
   * @throws DetailedError RECORD_EXISTS */
  insert(record: NewRecord): StoredRecord {
    if (this.#records.findSame(this.#zone.id, record) !== undefined) {
      throw recordExists(record.name, typeNameOf(record.type));
    }
    const id = this.#records.insert(this.#zone.id, record, this.#nowMs, this.#who);
    this.#touch(record);
    return this.find(String(id));
  }

  /** Adds records that are known to be new and to agree in their TTLs, as those of a zone file that was checked. */
  insertAll(records: Iterable<NewRecord>): void {
    for (const record of records) {
      this.#records.insert(this.#zone.id, record, this.#nowMs, this.#who);
      this.#touched.add(record.name);
    }
  }

  /** Changes a record in place; its TTL becomes that of all records of its name and type. One that is the same already
   * is left as it is.
   * @throws DetailedError RECORD_EXISTS where another one has these data */
  update(before: StoredRecord, after: NewRecord): StoredRecord {
    const same = this.#records.findSame(this.#zone.id, after);
    if (same !== undefined && same.id !== before.id) throw recordExists(after.name, typeNameOf(after.type));
    if (same !== undefined && same.ttl === after.ttl) return same;
    this.#records.update(before.id, after, this.#nowMs, this.#who);
    this.#touched.add(before.name);
    this.#touch(after);
    return this.find(String(before.id));
  }

  remove(record: Pick<StoredRecord, "id" | "name">): void {
    this.#records.remove(record.id);
    this.#touched.add(record.name);
  }

  /** The record with exactly these data; undefined: there is none. */
  findSame(record: Pick<NewRecord, "name" | "type" | "data">): StoredRecord | undefined {
    return this.#records.findSame(this.#zone.id, record);
  }

  changeSettings(settings: ZoneSettings): void {
    if (sameSettings(this.#zone, settings)) return;
    const { defaultTtl } = this.#zone;
    this.#zone = { ...this.#zone, ...settings };
    this.#touched.add(this.#zone.name);
    if (defaultTtl !== this.#zone.defaultTtl) for (const name of this.names()) this.#touched.add(name);
    this.#zones.updateKeys(this.#zone);
  }

  /** Lets the serial number go on from this one. */
  startFrom(serial: number): void {
    this.#zone = { ...this.#zone, serial };
  }

  /** The nodes of all touched names as they are now; empty ones for names that have no records any more. */
  touchedNodes(): Map<Name, Node> {
    return new Map([...this.#touched].map((name) => [name, nodeOf(this.#zone, name, this.atName(name))]));
  }

  #touch(record: NewRecord): void {
    this.#records.setTtl(this.#zone.id, record, this.#nowMs, this.#who);
    this.#touched.add(record.name);
  }
}

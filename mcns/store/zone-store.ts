import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Database } from "@metacircular/mcdsl/database/open.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { Name } from "../wire/name.ts";
import { requireWritten } from "../records/written-data.ts";
import { recordTypes, typeNameOf } from "../wire/record-type.ts";
import { isNewerSerial, soaRecord } from "../wire/soa.ts";
import { type ResourceRecord, sameData, type Zone, type ZoneChange } from "../zone/zone.ts";
import { ZoneSet } from "../zone/zone-set.ts";
import type { RecordChanges, ZoneSource } from "../zone/store-view.ts";
import { JournalTable, type JournalLimits } from "./journal-table.ts";
import { checkNode } from "./node-rules.ts";
import { NodeTree } from "./node-tree.ts";
import { type NewRecord, type RecordQuery, RecordTable, type StoredRecord } from "./record-table.ts";
import { nextSerial, serialAfter } from "./serial-number.ts";
import { nodeOf, nodesOf, policyOf, startOfAuthority } from "./stored-nodes.ts";
import { type Difference, difference } from "./zone-difference.ts";
import { ZoneEdit } from "./zone-edit.ts";
import { zoneExists, zoneNotFound } from "./zone-errors.ts";
import { type StoredZone, type ZoneSettings, ZoneTable } from "./zone-table.ts";
import { writeFailure } from "./write-failure.ts";

/** What an edit came to. */
export interface EditOutcome<Result> {
  readonly result: Result;
  /** Whether records changed, the SOA record among them. */
  readonly changed: boolean;
  /** Of the zone afterwards. */
  readonly serial: number;
}

export interface ZoneStoreOptions {
  readonly database: Database;
  readonly journal: JournalLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface LiveZone {
  readonly stored: StoredZone;
  readonly tree: NodeTree;
}

/** The zones: the truth in the database, and a picture in memory that answers are made from. It is the only writer, so
 * that the picture is what was committed. */
export class ZoneStore implements ZoneSource {
  readonly #options: ZoneStoreOptions;
  readonly #zones: ZoneTable;
  readonly #records: RecordTable;
  readonly #journal: JournalTable;
  readonly #live = new Map<Name, LiveZone>();
  readonly #listeners = new Set<(zones: readonly Name[]) => void>();
  #current: ZoneSet;

  /** Reads all zones. */
  constructor(options: ZoneStoreOptions) {
    this.#options = options;
    const { sql } = options.database;
    this.#zones = new ZoneTable(sql);
    this.#records = new RecordTable(sql);
    this.#journal = new JournalTable(sql, options.journal);
    for (const live of this.#load()) this.#live.set(live.stored.name, live);
    this.#current = new ZoneSet([...this.#live.values()].map(zoneOf));
  }

  current(): ZoneSet {
    return this.#current;
  }

  onChange(listener: (zones: readonly Name[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  changes(zone: Name, fromSerial: number): readonly ZoneChange[] | undefined {
    const live = this.#live.get(zone);
    if (live === undefined) return undefined;
    if (live.stored.serial === fromSerial) return [];
    const changes = this.#journal.since(live.stored.id, fromSerial);
    return changes.at(-1)?.toSerial === live.stored.serial ? changes : undefined;
  }

  update(zone: Name, decide: (zone: Zone) => RecordChanges, who: string): number {
    const { serial } = this.edit(zone, `key:${who}`, (edit) => {
      const { removed, added } = decide(zoneOf(this.#require(zone)));
      for (const record of removed) {
        const stored = edit.findSame(record);
        const stays = added.some(
          (other) =>
            other.name === record.name && other.type === record.type && sameData(other.data, record.data),
        );
        if (stored !== undefined && !stays) edit.remove(stored);
      }
      for (const record of added) {
        requireWritten(record);
        const stored = edit.findSame(record);
        if (stored === undefined) edit.insert(record);
        else edit.update(stored, record);
      }
    });
    return serial;
  }

  /** By name. */
  list(): StoredZone[] {
    return [...this.#live.values()]
      .map(({ stored }) => stored)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws DetailedError ZONE_NOT_FOUND */
  require(zone: Name): StoredZone {
    return this.#require(zone).stored;
  }

  countRecords(zone: Name): number {
    return this.#records.count(this.require(zone).id);
  }

  /** By name, type and data. */
  listRecords(zone: Name, query: Omit<RecordQuery, "zoneId">): StoredRecord[] {
    return this.#records.list({ ...query, zoneId: this.require(zone).id });
  }

  /** undefined: there is none with this id. */
  findRecord(zone: Name, id: number): StoredRecord | undefined {
    return this.#records.find(this.require(zone).id, id);
  }

  /** Makes a zone with what `fill` puts into it; it must have an NS record of its own.
   * @throws DetailedError ZONE_EXISTS and what forbids its records */
  create(zone: Name, settings: ZoneSettings, who: string, fill: (edit: ZoneEdit) => void): StoredZone {
    if (this.#live.has(zone)) throw zoneExists(zone);
    const nowMs = this.#options.clock.now();
    const live = this.#transaction(zone, () => {
      const serial = nextSerial(this.#zones.formerSerial(zone) ?? 1, nowMs);
      const first = this.#zones.insert({ ...settings, name: zone, serial, updatedAtMs: nowMs });
      const edit = new ZoneEdit({ zones: this.#zones, records: this.#records }, first, { nowMs, who });
      fill(edit);
      const stored = isNewerSerial(edit.zone.serial, serial) ? edit.zone : { ...edit.zone, serial };
      this.#zones.update(stored);
      const nodes = edit.touchedNodes().set(zone, nodeOf(stored, zone, edit.atName(zone)));
      for (const [name, node] of nodes) checkNode(name, zone, node);
      const tree = new NodeTree(zone, nodesOf(stored, []));
      tree.replace(nodes);
      return { stored, tree };
    });
    this.#log(live.stored, who, "zone created", { removed: [], added: [] });
    this.#show(live);
    return live.stored;
  }

  /** Removes a zone with all in it.
   * @returns how many records it had
   * @throws DetailedError ZONE_NOT_FOUND */
  remove(zone: Name, who: string): number {
    const { stored } = this.#require(zone);
    const count = this.#transaction(zone, () => {
      const records = this.#records.count(stored.id);
      this.#zones.remove(stored);
      return records;
    });
    this.#live.delete(zone);
    this.#current = this.#current.without(zone);
    this.#log(stored, who, "zone removed", { removed: [], added: [] });
    this.#tell(zone);
    return count;
  }

  /** Changes a zone in one transaction. Where records differ afterwards, the zone has a new serial number and the
   * journal an entry. What `body` throws undoes all of it.
   * @throws DetailedError ZONE_NOT_FOUND, DATABASE_WRITE_FAILED, and what forbids the records that would result */
  edit<Result>(zone: Name, who: string, body: (edit: ZoneEdit) => Result): EditOutcome<Result> {
    const before = this.#require(zone);
    const nowMs = this.#options.clock.now();
    const done = this.#transaction(zone, () => {
      const edit = new ZoneEdit({ zones: this.#zones, records: this.#records }, before.stored, {
        nowMs,
        who,
      });
      const result = body(edit);
      const nodes = edit.touchedNodes();
      for (const [name, node] of nodes) checkNode(name, zone, node);
      const found = difference(before.tree.nodes, nodes);
      const changed = found.removed.length + found.added.length > 0;
      const isTouched = changed || edit.zone !== before.stored;
      const serial = changed
        ? serialAfter(before.stored.serial, edit.zone.serial, nowMs)
        : before.stored.serial;
      const stored = isTouched ? { ...edit.zone, serial, updatedAtMs: nowMs } : before.stored;
      if (isTouched) this.#zones.update(stored);
      if (changed) this.#journal.add(stored.id, changeBetween(before.stored, stored, found), nowMs);
      // The SOA record has the new serial number.
      if (changed) nodes.set(zone, nodeOf(stored, zone, edit.atName(zone)));
      return { result, nodes, found, changed, isTouched, stored };
    });
    const { result, changed, stored } = done;
    if (done.isTouched) {
      before.tree.replace(changed ? done.nodes : new Map());
      this.#log(stored, who, "zone changed", done.found);
      this.#show({ stored, tree: before.tree });
    }
    return { result, changed, serial: stored.serial };
  }

  /** Forgets the part of the journal that is too old. */
  expireJournal(): void {
    this.#journal.expire(this.#options.clock.now());
  }

  #require(zone: Name): LiveZone {
    const live = this.#live.get(zone);
    if (live === undefined) throw zoneNotFound(zone);
    return live;
  }

  #transaction<T>(zone: Name, body: () => T): T {
    try {
      return this.#options.database.transaction(body);
    } catch (thrown) {
      throw writeFailure(zone, thrown);
    }
  }

  #load(): LiveZone[] {
    const stored = this.#zones.list();
    const records = new Map<number, NewRecord[]>(stored.map(({ id }) => [id, []]));
    for (const record of this.#records.everything()) records.get(record.zoneId)?.push(record);
    return stored.map((zone) => ({
      stored: zone,
      tree: new NodeTree(zone.name, nodesOf(zone, records.get(zone.id) ?? [])),
    }));
  }

  /** Lets everybody see a zone as it is committed. */
  #show(live: LiveZone): void {
    const { name } = live.stored;
    this.#live.set(name, live);
    this.#current = this.#current.with(zoneOf(live));
    this.#tell(name);
  }

  #tell(zone: Name): void {
    for (const listener of this.#listeners) {
      try {
        listener([zone]);
      } catch (error) {
        this.#options.logger.error({ error, zone }, "a follower of the zones failed");
      }
    }
  }

  /** Who changed what is in the log for good. */
  #log({ name: zone, serial }: StoredZone, who: string, message: string, found: Difference): void {
    const sets = new Set(
      [...found.removed, ...found.added].map((each) => `${each.name} ${typeNameOf(each.type)}`),
    );
    const changed = [...sets].slice(0, mostLoggedSets);
    const counts = { removed: found.removed.length, added: found.added.length };
    this.#options.logger.info({ audit: true, zone, by: who, serial, ...counts, changed }, message);
  }
}

const mostLoggedSets = 10;

function zoneOf({ stored, tree }: LiveZone): Zone {
  const { name } = stored;
  return { name, soa: startOfAuthority(stored), policy: policyOf(stored), nodes: tree.nodes };
}

/** With the SOA records in front (RFC 1995 section 4). */
function changeBetween(before: StoredZone, after: StoredZone, { removed, added }: Difference): ZoneChange {
  const others = (records: readonly ResourceRecord[]): ResourceRecord[] =>
    records.filter(({ type }) => type !== recordTypes.SOA);
  return {
    fromSerial: before.serial,
    toSerial: after.serial,
    removed: [soaRecord(before.name, startOfAuthority(before)), ...others(removed)],
    added: [soaRecord(after.name, startOfAuthority(after)), ...others(added)],
  };
}

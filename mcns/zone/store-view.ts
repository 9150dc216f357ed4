import type { Name } from "../wire/name.ts";
import type { ResourceRecord, Zone, ZoneChange } from "./zone.ts";
import type { ZoneSet } from "./zone-set.ts";

/** What a dynamic update does to a zone. Neither list has SOA records: the store makes the next serial number. */
export interface RecordChanges {
  readonly removed: readonly ResourceRecord[];
  /** A record with a new TTL is in both. */
  readonly added: readonly ResourceRecord[];
}

/** How the part that answers DNS sees the zones. The database is the truth; what this returns follows each committed
 * transaction at once. */
export interface ZoneSource {
  /** All zones now. Cheap: asked for every query. */
  current(): ZoneSet;
  /** Calls the listener after each committed change, with the names of the zones that changed, appeared or went.
   * Disposing what it returns ends that. */
  onChange(listener: (zones: readonly Name[]) => void): Disposable;
  /** The changes since a serial number, oldest first, each starting where the one before ended and the last ending
   * at the zone's serial number; undefined when the journal does not reach back that far. */
  changes(zone: Name, fromSerial: number): readonly ZoneChange[] | undefined;
  /** In one transaction: calls `decide` with the zone as it is committed, and makes the changes that it returns, with
   * one new serial number, journal entry and call of the listeners. Nothing happens when `decide` throws (that error
   * is thrown on) or when both lists are empty.
   * @param who for `updated_by`: the name of the TSIG key
   * @returns the serial number of the zone afterwards
   * @throws DetailedError when the store's own rules (CNAME exclusivity, limits) forbid the result */
  update(zone: Name, decide: (zone: Zone) => RecordChanges, who: string): number;
}

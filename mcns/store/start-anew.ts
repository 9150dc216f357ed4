import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Database } from "@metacircular/mcdsl/database/open.ts";
import type { Name } from "../wire/name.ts";
import { isNewerSerial } from "../wire/soa.ts";
import { nextSerial } from "./serial-number.ts";

/** The serial numbers of all zones, also removed ones, that a database knows; none where it cannot be read. */
export function serialNumbersIn(file: string): ReadonlyMap<Name, number> {
  if (!existsSync(file)) return new Map();
  try {
    using sql = new DatabaseSync(file, { readOnly: true });
    const rows = sql
      .prepare("SELECT name, serial FROM former_zones UNION ALL SELECT name, serial FROM zones")
      .all();
    return new Map((rows as { name: string; serial: number }[]).map(({ name, serial }) => [name, serial]));
  } catch {
    // Damage is why snapshots are restored.
    return new Map();
  }
}

/** Makes a database that was put back go on where another one ended: its zones get serial numbers that are newer than
 * all that secondaries may have seen, and the journal, which leads elsewhere, is emptied. */
export function startAnew(
  { sql, transaction }: Database,
  seen: ReadonlyMap<Name, number>,
  nowMs: number,
): void {
  transaction(() => {
    sql.exec("DELETE FROM changes");
    const zones = sql.prepare("SELECT name, serial FROM zones").all() as { name: string; serial: number }[];
    const update = sql.prepare("UPDATE zones SET serial = ? WHERE name = ?");
    for (const { name, serial } of zones) update.run(nextSerial(newest(serial, seen.get(name)), nowMs), name);
    const remember = sql.prepare("INSERT OR REPLACE INTO former_zones (name, serial) VALUES (?, ?)");
    const kept = new Set(zones.map(({ name }) => name));
    for (const [name, serial] of seen) if (!kept.has(name)) remember.run(name, serial);
  });
}

function newest(serial: number, other: number | undefined): number {
  return other !== undefined && isNewerSerial(other, serial) ? other : serial;
}

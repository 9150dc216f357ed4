import assert from "node:assert/strict";
import { join } from "node:path";
import { type Database, openDatabase } from "@metacircular/mcdsl/database/open.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { formatData } from "../records/record-data.ts";
import { readDataText } from "../records/record-text.ts";
import { migrations } from "../store/migrations.ts";
import type { NewRecord } from "../store/record-table.ts";
import { ZoneStore } from "../store/zone-store.ts";
import type { ZoneSettings } from "../store/zone-table.ts";
import { isZoneTypeName, recordTypes, typeNameOf } from "../wire/record-type.ts";
import type { ResourceRecord, Zone } from "../zone/zone.ts";

export const zone = "example.org";
export const startMs = 1_800_000_000_000;
export const settings: ZoneSettings = {
  primary: "ns1.example.org",
  contact: "hostmaster.example.org",
  refresh: 3600,
  retry: 600,
  expire: 1_209_600,
  negativeTtl: 60,
  defaultTtl: 300,
  notify: [],
  transferKeys: [],
  updateKeys: [],
};

export function record(
  name: string,
  type: "A" | "TXT" | "CNAME" | "NS",
  text: string,
  ttl: number | null = null,
): NewRecord {
  const owner = name === "@" ? zone : `${name}.${zone}`;
  return { name: owner, type: recordTypes[type], ttl, data: readDataText(type, text, zone) };
}

export interface TestStore extends AsyncDisposable {
  store: ZoneStore;
  database: Database;
  lines: string[];
  clock: { nowMs: number };
  /** Opens the database again, as after a restart. */
  reopen(): ZoneStore;
}

export async function openStore(maxChanges = 100): Promise<TestStore> {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await createTemporaryDirectory());
  const lines: string[] = [];
  const clock = { nowMs: startMs };
  const openFile = (): Database =>
    stack.use(openDatabase({ file: join(directory.path, "mcns.db"), migrations }));
  const open = (database: Database): ZoneStore =>
    new ZoneStore({
      database,
      journal: { maxChanges, keepForMs: 86_400_000 },
      clock: { now: () => clock.nowMs, sleep: () => Promise.resolve() },
      logger: createLogger({
        name: "test",
        level: "info",
        destination: { write: (line) => lines.push(line) },
      }),
    });
  const database = openFile();
  const store = open(database);
  store.create(zone, settings, "alice", (edit) => edit.insert(record("@", "NS", "ns1")));
  const reopen = (): ZoneStore => open(openFile());
  return { store, database, lines, clock, reopen, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

export function liveZone(store: ZoneStore): Zone {
  const live = store.current().get(zone);
  assert.ok(live !== undefined);
  return live;
}

export function texts(records: Iterable<ResourceRecord>): string[] {
  return [...records]
    .map(({ name, type, ttl, data }) => {
      const typeName = typeNameOf(type);
      assert.ok(isZoneTypeName(typeName));
      return `${name} ${ttl} ${typeName} ${formatData(typeName, data)}`;
    })
    .toSorted();
}

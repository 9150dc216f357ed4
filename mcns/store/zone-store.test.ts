import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { type Database, openDatabase } from "@metacircular/mcdsl/database/open.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import fc from "fast-check";
import { formatData } from "../records/record-data.ts";
import { readDataText } from "../records/record-text.ts";
import type { Name } from "../wire/name.ts";
import { isZoneTypeName, recordTypes, typeNameOf } from "../wire/record-type.ts";
import { buildZone, recordsOf, type ResourceRecord, type Zone } from "../zone/zone.ts";
import { isNewerSerial, soaRecord } from "../wire/soa.ts";
import { migrations } from "./migrations.ts";
import type { NewRecord } from "./record-table.ts";
import { ZoneStore } from "./zone-store.ts";
import type { ZoneSettings } from "./zone-table.ts";

const zone = "example.org";
const startMs = 1_800_000_000_000;
const settings: ZoneSettings = {
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

function record(
  name: string,
  type: "A" | "TXT" | "CNAME" | "NS",
  text: string,
  ttl: number | null = null,
): NewRecord {
  const owner = name === "@" ? zone : `${name}.${zone}`;
  return { name: owner, type: recordTypes[type], ttl, data: readDataText(type, text, zone) };
}

interface TestStore extends AsyncDisposable {
  store: ZoneStore;
  database: Database;
  lines: string[];
  clock: { nowMs: number };
  /** Opens the database again, as after a restart. */
  reopen(): ZoneStore;
}

async function openStore(maxChanges = 100): Promise<TestStore> {
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

function liveZone(store: ZoneStore): Zone {
  const live = store.current().get(zone);
  assert.ok(live !== undefined);
  return live;
}

function texts(records: Iterable<ResourceRecord>): string[] {
  return [...records]
    .map(({ name, type, ttl, data }) => {
      const typeName = typeNameOf(type);
      assert.ok(isZoneTypeName(typeName));
      return `${name} ${ttl} ${typeName} ${formatData(typeName, data)}`;
    })
    .toSorted();
}

/** The zone as the DNS side would build it from the records in the database. */
function rebuilt(store: ZoneStore): Zone {
  const stored = store.listRecords(zone, { limit: -1 });
  const { soa, policy } = liveZone(store);
  const records = stored.map((each) => ({ ...each, ttl: each.ttl ?? 300 }));
  return buildZone({ name: zone, soa, policy, soaRecord: soaRecord(zone, soa), records });
}

function nodeNames(of: Zone): Name[] {
  return [...of.nodes.keys()].toSorted();
}

test("a change is one transaction: record, serial number, journal, picture and listeners", async () => {
  await using opened = await openStore();
  const { store, lines } = opened;
  const told: string[] = [];
  using _ = store.onChange((zones) => told.push(...zones));
  const before = liveZone(store).soa.serial;
  const { changed, serial } = store.edit(zone, "bob", (edit) => edit.insert(record("www", "A", "192.0.2.1")));
  assert.equal(changed, true);
  assert.equal(serial, before + 1);
  assert.equal(liveZone(store).soa.serial, serial);
  assert.deepEqual(told, [zone]);
  const [change] = store.changes(zone, before) ?? [];
  assert.ok(change !== undefined);
  assert.deepEqual(texts(change.removed), [
    `example.org 300 SOA ns1.example.org. hostmaster.example.org. ${before} 3600 600 1209600 60`,
  ]);
  assert.deepEqual(texts(change.added), [
    `example.org 300 SOA ns1.example.org. hostmaster.example.org. ${serial} 3600 600 1209600 60`,
    "www.example.org 300 A 192.0.2.1",
  ]);
  const audit = JSON.parse(lines.at(-1) ?? "") as { by: string; changed: string[] };
  assert.equal(audit.by, "bob");
  assert.deepEqual(audit.changed, ["www.example.org A"]);
  assert.deepEqual(texts(recordsOf(liveZone(opened.reopen()))), texts(recordsOf(liveZone(store))));
});

test("what changes nothing leaves the serial number and tells nobody", async () => {
  await using opened = await openStore();
  const { store } = opened;
  store.edit(zone, "bob", (edit) => edit.insert(record("www", "A", "192.0.2.1")));
  const { serial } = liveZone(store).soa;
  using _ = store.onChange(() => assert.fail("somebody was told"));
  const outcome = store.edit(zone, "bob", (edit) => {
    const [same] = edit.atName("www.example.org");
    assert.ok(same !== undefined);
    edit.update(same, record("www", "A", "192.0.2.1"));
    edit.remove(edit.insert(record("gone", "A", "192.0.2.9")));
  });
  assert.deepEqual([outcome.changed, outcome.serial, liveZone(store).soa.serial], [false, serial, serial]);
});

test("an alias has no other records, in either order, and the zone itself is none", async () => {
  await using opened = await openStore();
  const { store } = opened;
  store.edit(zone, "bob", (edit) => edit.insert(record("www", "A", "192.0.2.1")));
  store.edit(zone, "bob", (edit) => edit.insert(record("alias", "CNAME", "www")));
  const { serial } = liveZone(store).soa;
  for (const refused of [
    record("www", "CNAME", "other"),
    record("alias", "TXT", "x"),
    record("alias", "CNAME", "second"),
    record("@", "CNAME", "www"),
  ]) {
    assert.throws(() => store.edit(zone, "bob", (edit) => edit.insert(refused)), { code: "CNAME_CONFLICT" });
  }
  assert.equal(liveZone(store).soa.serial, serial);
  // One for the other in one transaction is right.
  store.edit(zone, "bob", (edit) => {
    for (const each of edit.atName("www.example.org")) edit.remove(each);
    edit.insert(record("www", "CNAME", "other"));
  });
});

test("a zone keeps a name server, and a record is there once", async () => {
  await using opened = await openStore();
  const { store } = opened;
  const removeAll = (): unknown =>
    store.edit(zone, "bob", (edit) => edit.atName(zone).forEach((each) => edit.remove(each)));
  assert.throws(removeAll, { code: "ZONE_WITHOUT_NAME_SERVER" });
  assert.throws(() => store.edit(zone, "bob", (edit) => edit.insert(record("@", "NS", "ns1"))), {
    code: "RECORD_EXISTS",
  });
});

test("records of a name and type share the TTL that was given last", async () => {
  await using opened = await openStore();
  const { store } = opened;
  store.edit(zone, "bob", (edit) => edit.insert(record("www", "A", "192.0.2.1")));
  store.edit(zone, "bob", (edit) => edit.insert(record("www", "A", "192.0.2.2", 30)));
  assert.deepEqual(texts(recordsOf(liveZone(store))).slice(-2), [
    "www.example.org 30 A 192.0.2.1",
    "www.example.org 30 A 192.0.2.2",
  ]);
});

test("a new default TTL is a change of every record that says none", async () => {
  await using opened = await openStore();
  const { store } = opened;
  store.edit(zone, "bob", (edit) => {
    edit.insert(record("www", "A", "192.0.2.1"));
    edit.insert(record("mail", "A", "192.0.2.2", 77));
  });
  const { serial } = liveZone(store).soa;
  store.edit(zone, "bob", (edit) => edit.changeSettings({ ...settings, defaultTtl: 900 }));
  const [change] = store.changes(zone, serial) ?? [];
  assert.deepEqual(texts(change?.added ?? []), [
    "example.org 900 NS ns1.example.org.",
    `example.org 900 SOA ns1.example.org. hostmaster.example.org. ${serial + 1} 3600 600 1209600 60`,
    "www.example.org 900 A 192.0.2.1",
  ]);
});

test("serial numbers follow the time, and go on where the clock was put back or the zone made anew", async () => {
  await using opened = await openStore();
  const { store, clock } = opened;
  const change = (): number =>
    store.edit(zone, "bob", (edit) => edit.insert(record("t", "TXT", `"${Math.random()}"`))).serial;
  const first = change();
  assert.equal(first, startMs / 1000 + 1);
  clock.nowMs += 10_000;
  assert.equal(change(), startMs / 1000 + 10);
  clock.nowMs -= 3_600_000;
  assert.equal(change(), startMs / 1000 + 11);
  store.remove(zone, "alice");
  assert.equal(store.current().get(zone), undefined);
  const again = store.create(zone, settings, "alice", (edit) => edit.insert(record("@", "NS", "ns1")));
  assert.equal(again.serial, startMs / 1000 + 12);
});

test("the journal tells changes as long as it reaches, and no further", async () => {
  await using opened = await openStore(3);
  const { store } = opened;
  const serials = [liveZone(store).soa.serial];
  for (const index of [1, 2, 3, 4, 5]) {
    serials.push(
      store.edit(zone, "bob", (edit) => edit.insert(record(`h${index}`, "A", "192.0.2.1"))).serial,
    );
  }
  assert.equal(store.changes(zone, serials[1] ?? 0), undefined);
  assert.deepEqual(store.changes(zone, serials[5] ?? 0), []);
  const changes = store.changes(zone, serials[2] ?? 0) ?? [];
  assert.deepEqual(
    changes.map(({ fromSerial, toSerial }) => [fromSerial, toSerial]),
    [2, 3, 4].map((index) => [serials[index], serials[index + 1]]),
  );
  opened.clock.nowMs += 2 * 86_400_000;
  store.expireJournal();
  assert.equal(store.changes(zone, serials[4] ?? 0), undefined);
});

test("the journal forgets what is older when changes are so large that nobody should be sent all of them", async () => {
  await using opened = await openStore(1_000);
  const { store, database } = opened;
  const text = `"${"x".repeat(59_000)}"`;
  const names = Array.from({ length: 13 }, (_, index) => `t${index}`);
  const serials = Array.from({ length: 20 }, (_, index) => {
    const { serial } = store.edit(zone, "bob", (edit) => {
      for (const name of names) edit.insert(record(`${name}.${index}`, "TXT", text));
    });
    return serial;
  });
  const sizes = database.sql.prepare("SELECT total(octet_length(added)) AS bytes FROM changes").get();
  assert.ok(Number(sizes?.["bytes"]) <= 8 * 1024 * 1024);
  assert.equal(store.changes(zone, serials[0] ?? 0), undefined);
  assert.equal(store.changes(zone, serials.at(-2) ?? 0)?.length, 1);
});

test("a serial number given from outside leads to a newer one, however far away it is", async () => {
  for (const distance of [1, 2 ** 31 - 2, 2 ** 31 - 1]) {
    await using opened = await openStore();
    const { store } = opened;
    const before = liveZone(store).soa.serial;
    const { serial } = store.edit(zone, "bob", (edit) => {
      edit.startFrom((before + distance) % 2 ** 32);
      edit.insert(record("new", "A", "192.0.2.1"));
    });
    assert.ok(isNewerSerial(serial, before), `${before} and ${serial}`);
  }
});

test("after any changes, the picture is what the database would give, and the journal leads to it", async () => {
  await using opened = await openStore(1_000);
  const { store } = opened;
  const names = ["a", "b.a", "c.b.a", "d", "e.f.g", "*.d"];
  const step = fc.record({
    name: fc.constantFrom(...names),
    type: fc.constantFrom("A" as const, "TXT" as const),
    value: fc.integer({ min: 1, max: 3 }),
    ttl: fc.constantFrom(null, 60),
    add: fc.boolean(),
  });
  const textOf = (type: "A" | "TXT", value: number): string =>
    type === "A" ? `192.0.2.${value}` : `"${value}"`;
  fc.assert(
    fc.property(
      fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
      (transactions) => {
        const from = liveZone(store);
        const expected = new Set(texts(recordsOf(from)));
        for (const steps of transactions) {
          store.edit(zone, "bob", (edit) => {
            for (const { name, type, value, ttl, add } of steps) {
              const wanted = record(name, type, textOf(type, value), ttl);
              const same = edit.findSame(wanted);
              if (add && same === undefined) edit.insert(wanted);
              else if (add && same !== undefined) edit.update(same, wanted);
              else if (same !== undefined) edit.remove(same);
            }
          });
        }
        const to = liveZone(store);
        assert.deepEqual(nodeNames(to), nodeNames(rebuilt(store)));
        assert.deepEqual(texts(recordsOf(to)), texts(recordsOf(rebuilt(store))));
        for (const change of store.changes(zone, from.soa.serial) ?? []) {
          for (const text of texts(change.removed)) assert.equal(expected.delete(text), true, text);
          for (const text of texts(change.added)) expected.add(text);
        }
        assert.deepEqual([...expected].toSorted(), texts(recordsOf(to)));
      },
    ),
    { numRuns: 60 },
  );
});

test("a full disk refuses changes, loses nothing, and is over when there is space again", async () => {
  await using opened = await openStore();
  const { store, database } = opened;
  store.edit(zone, "bob", (edit) => edit.insert(record("www", "A", "192.0.2.1")));
  const before = liveZone(store);
  using _ = store.onChange(() => assert.fail("somebody was told"));
  const pages = database.sql.prepare("PRAGMA page_count").get() as { page_count: number };
  database.sql.exec(`PRAGMA max_page_count = ${pages.page_count}`);
  const fill = (): unknown =>
    store.edit(zone, "bob", (edit) => {
      for (let index = 0; index < 400; index += 1)
        edit.insert(record(`h${index}`, "TXT", `"${"x".repeat(200)}"`));
    });
  assert.throws(fill, { code: "DATABASE_WRITE_FAILED", category: "unavailable" });
  assert.equal(liveZone(store), before);
  assert.deepEqual(texts(recordsOf(liveZone(opened.reopen()))), texts(recordsOf(before)));
  database.sql.exec("PRAGMA max_page_count = 1000000");
  _[Symbol.dispose]();
  fill();
  assert.equal(liveZone(store).nodes.size, before.nodes.size + 400);
});

test("1,000 zones with 100,000 records are there after a start, and one of them changes like any other", async () => {
  await using opened = await openStore();
  const { store } = opened;
  for (let index = 0; index < 1_000; index += 1) {
    const name = `z${index}.example`;
    store.create(name, settings, "alice", (edit) => {
      const ns = readDataText("NS", "ns1.example.org.", name);
      edit.insert({ name, type: recordTypes.NS, ttl: null, data: ns });
      for (let host = 1; host < 100; host += 1) {
        const data = Uint8Array.of(192, 0, 2, host);
        edit.insert({ name: `h${host}.${name}`, type: recordTypes.A, ttl: null, data });
      }
    });
  }
  const again = opened.reopen();
  assert.equal(again.list().length, 1_001);
  assert.equal(again.current().get("z999.example")?.nodes.size, 100);
  const data = Uint8Array.of(192, 0, 2, 200);
  again.edit("z500.example", "bob", (edit) =>
    edit.insert({ name: "new.z500.example", type: recordTypes.A, ttl: null, data }),
  );
  assert.ok(again.current().get("z500.example")?.nodes.has("new.z500.example"));
  assert.equal(again.current().get("z501.example")?.nodes.size, 100);
});

test("a dynamic update cannot bring data that no zone file could say", async () => {
  await using opened = await openStore();
  const { store } = opened;
  const name = `x.${zone}`;
  const https = (...parameters: number[]) => ({
    name,
    type: recordTypes.HTTPS,
    ttl: 60,
    data: Uint8Array.of(0, 1, 0, ...parameters),
  });
  const wrong = [
    https(0, 3, 0, 3, 1, 1, 1),
    https(0, 1, 0, 2, 9, 104),
    https(0, 4, 0, 5, 1, 2, 3, 4, 5),
    https(0, 2, 0, 0),
    { name, type: recordTypes.CAA, ttl: 60, data: Uint8Array.of(0, 1, 0x20, 0x61) },
  ];
  for (const each of wrong) {
    assert.throws(() => store.update(zone, () => ({ removed: [], added: [each] }), "k"), {
      code: "RECORD_DATA_INVALID",
    });
  }
  const before = liveZone(store).soa.serial;
  const serial = store.update(zone, () => ({ removed: [], added: [https(0, 3, 0, 2, 1, 187)] }), "k");
  assert.equal(serial, before + 1);
  assert.equal(store.listRecords(zone, { name, limit: 1 })[0]?.updatedBy, "key:k");
});

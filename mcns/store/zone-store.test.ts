import assert from "node:assert/strict";
import { test } from "node:test";
import { readDataText } from "../records/record-text.ts";
import { liveZone, openStore, record, settings, texts, zone } from "../test/store-fixture.ts";
import { recordTypes } from "../wire/record-type.ts";
import { recordsOf } from "../zone/zone.ts";

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

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { liveZone, openStore, record, settings, startMs, texts, zone } from "../test/store-fixture.ts";
import type { Name } from "../wire/name.ts";
import { isNewerSerial, soaRecord } from "../wire/soa.ts";
import { buildZone, recordsOf, type Zone } from "../zone/zone.ts";
import type { ZoneStore } from "./zone-store.ts";

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

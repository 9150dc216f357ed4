import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { AuditStore } from "../audit/audit-store.ts";
import { DatabaseAuditLog } from "../audit/database-audit-log.ts";
import { verifyChain } from "../audit/verify.ts";
import { openStores, type Stores } from "../stores.ts";
import { anOpenBarrier } from "./barrier-fixture.ts";
import { createSmallDisk } from "@metacircular/testkit/small-disk.ts";

async function anAuditLog(t: TestContext, entries = 0) {
  const { database, barrier } = await anOpenBarrier(t);
  let nowMs = 1_000;
  const clock = { now: () => nowMs, sleep: async () => undefined };
  const store = new AuditStore(database.sql, clock);
  const audit = new DatabaseAuditLog(database, store);
  const tick = (): void => void (nowMs += 1_000);
  for (let count = 1; count <= entries; count += 1) {
    audit.record({ actor: "ada", operation: "test/count", subject: String(count) });
    tick();
  }
  return { database, records: barrier.records, store, audit, tick };
}

const all = { after: 0, limit: 1_000, actor: "", operation: "", mount: "" };

describe("the audit log", () => {
  test("stores a change together with its entry, which may tell of the result", async (t) => {
    const { audit, records, store } = await anAuditLog(t);
    const made = audit.change(
      (serial: string) => ({ actor: "ada", operation: "ca/issue", mount: "pki", subject: serial }),
      () => {
        records.put("certificates/01", Buffer.from("x"));
        return "01";
      },
    );
    assert.equal(made, "01");
    const [entry] = store.list(all);
    assert.deepEqual(
      [entry?.sequence, entry?.actor, entry?.operation, entry?.mount, entry?.subject, entry?.outcome],
      [1, "ada", "ca/issue", "pki", "01", "done"],
    );
  });

  test("stores no entry of a change that failed, and passes the failure on", async (t) => {
    const { audit, records, store } = await anAuditLog(t);
    const failing = (): never => {
      records.put("a", Buffer.from("x"));
      throw new Error("no");
    };
    assert.throws(() => audit.change({ actor: "ada", operation: "x/y" }, failing), /^Error: no$/u);
    assert.equal(records.get("a"), undefined);
    assert.deepEqual(store.list(all), []);
  });

  test("undoes what it cannot write down, and refuses it", async (t) => {
    const { audit, database, records } = await anAuditLog(t);
    records.put("a", Buffer.from("before"));
    database.sql.exec(
      "CREATE TRIGGER full BEFORE INSERT ON audit_entries BEGIN SELECT raise(FAIL, 'full'); END",
    );
    const entry = { actor: "ada", operation: "x/y" };
    assert.throws(() => audit.change(entry, () => records.put("a", Buffer.from("after"))), {
      code: "AUDIT_UNAVAILABLE",
    });
    assert.equal(String(records.get("a")), "before");
    assert.throws(() => audit.record(entry), { code: "AUDIT_UNAVAILABLE" });
    const answer = audit.during(
      async () => "answer",
      () => entry,
    );
    await assert.rejects(answer, { code: "AUDIT_UNAVAILABLE" });
  });

  test("is closed by a database that cannot be written any more", async (t) => {
    const { audit, database, records } = await anAuditLog(t);
    database.sql.exec("PRAGMA query_only = ON");
    const change = (): void =>
      audit.change({ actor: "ada", operation: "x/y" }, () => records.put("a", Buffer.from("x")));
    assert.throws(change, { code: "AUDIT_UNAVAILABLE" });
    database.sql.exec("PRAGMA query_only = OFF");
    change();
  });

  test("writes one entry for a call, whether the call writes its own or not", async (t) => {
    const { audit, store } = await anAuditLog(t);
    const otherwise = (thrown: unknown) =>
      ({ actor: "ada", operation: "x/other", outcome: thrown === undefined ? "done" : "failed" }) as const;
    await audit.during(async () => audit.record({ actor: "ada", operation: "x/own" }), otherwise);
    await audit.during(async () => undefined, otherwise);
    const failing = audit.during(async () => {
      throw new Error("no");
    }, otherwise);
    await assert.rejects(failing, /no/u);
    assert.deepEqual(
      store.list(all).map(({ operation, outcome }) => `${operation} ${outcome}`),
      ["x/own done", "x/other done", "x/other failed"],
    );
  });

  test("keeps what callers wrote short and on one line", async (t) => {
    const { audit, store } = await anAuditLog(t);
    audit.record({ actor: "a\nb", operation: "x/y", subject: "é".repeat(1_000), facts: { code: "\u0000" } });
    const [entry] = store.list(all);
    assert.ok(entry);
    assert.equal(entry.actor, "a?b");
    assert.equal(entry.subject.length, 256);
    assert.equal(entry.facts, '{"code":"?"}');
    assert.equal((await verifyChain(store)).broken, undefined);
  });

  test("is listed by what it is about, from an entry on or the newest", async (t) => {
    const { audit, store } = await anAuditLog(t, 5);
    audit.record({ actor: "bob", operation: "ca/issue", mount: "pki" });
    const sequences = (query: Partial<typeof all>): number[] =>
      store.list({ ...all, ...query }).map(({ sequence }) => sequence);
    assert.deepEqual(sequences({ limit: 2 }), [5, 6]);
    assert.deepEqual(sequences({ after: 2, limit: 2 }), [3, 4]);
    assert.deepEqual(sequences({ actor: "bob" }), [6]);
    assert.deepEqual(sequences({ operation: "test/count", limit: 1 }), [5]);
    assert.deepEqual(sequences({ mount: "pki" }), [6]);
  });

  const forgeries = {
    "an entry that was changed": ["UPDATE audit_entries SET actor = 'eve' WHERE sequence = 3", 3],
    "an entry with the outcome changed": [
      "UPDATE audit_entries SET outcome = 'refused' WHERE sequence = 1",
      1,
    ],
    "an entry that was removed": ["DELETE FROM audit_entries WHERE sequence = 3", 3],
    "the oldest entries removed": ["DELETE FROM audit_entries WHERE sequence < 3", 1],
    "a hash that was changed": ["UPDATE audit_entries SET hash = zeroblob(32) WHERE sequence = 4", 4],
    "two entries that were swapped": [
      "UPDATE audit_entries SET sequence = 99 WHERE sequence = 2;" +
        "UPDATE audit_entries SET sequence = 2 WHERE sequence = 3;" +
        "UPDATE audit_entries SET sequence = 3 WHERE sequence = 99",
      2,
    ],
  } as const;
  for (const [what, [forgery, sequence]] of Object.entries(forgeries)) {
    test(`shows ${what}`, async (t) => {
      const { database, store } = await anAuditLog(t, 5);
      assert.deepEqual((await verifyChain(store)).entries, 5);
      database.sql.exec(forgery);
      assert.equal((await verifyChain(store)).broken?.sequence, sequence);
    });
  }

  test("shows by a hash kept elsewhere that the newest entries were cut off", async (t) => {
    const { database, store } = await anAuditLog(t, 5);
    const kept = store.last().hash;
    assert.equal((await verifyChain(store, kept)).broken, undefined);
    database.sql.exec("DELETE FROM audit_entries WHERE sequence = 5");
    assert.equal((await verifyChain(store)).broken, undefined);
    assert.equal((await verifyChain(store, kept)).broken?.sequence, 5);
  });

  test("forgets the oldest entries by age and by number, and its chain still holds", async (t) => {
    const { audit, store } = await anAuditLog(t, 10);
    store.prune(3_500, 1_000);
    assert.equal(store.list(all)[0]?.sequence, 4);
    store.prune(0, 5);
    assert.equal(store.list(all)[0]?.sequence, 6);
    assert.deepEqual((await verifyChain(store)).entries, 5);
    store.prune(0, 5);
    store.prune(1_000_000, 5);
    assert.deepEqual(store.list(all), []);
    audit.record({ actor: "ada", operation: "x/y" });
    assert.equal(store.list(all)[0]?.sequence, 11);
    assert.deepEqual((await verifyChain(store)).entries, 1);
  });
});

test("on a disk that is full nothing is done that cannot be written down, and all goes on when there is room", async () => {
  await using disk = await createSmallDisk(1_024);
  const clock = { now: () => 0, sleep: async () => undefined };
  const open = (): Stores => openStores(join(disk.path, "metacrypt.db"), clock);
  {
    using stores = open();
    const { barrier, audit, database } = stores;
    await barrier.initialize({ fileKey: Buffer.alloc(32, 7) }, database.transaction);
    const put = (text: string): void =>
      audit.change({ actor: "ada", operation: "x/put", subject: text }, () =>
        barrier.records.put("a", Buffer.from(text.padEnd(5_000))),
      );
    put("before");
    disk.fill();
    assert.throws(() => put("lost"), { code: "AUDIT_UNAVAILABLE" });
    assert.throws(() => audit.record({ actor: "ada", operation: "x/get" }), { code: "AUDIT_UNAVAILABLE" });
    assert.equal(String(barrier.records.get("a")).trim(), "before");
    await assert.rejects(
      barrier.rekey((work) => audit.change({ actor: "ada", operation: "system/rekey" }, work)),
      { code: "AUDIT_UNAVAILABLE" },
    );
    barrier.seal();
    const unseal = barrier.unsealByFileKey(Buffer.alloc(32, 7), () =>
      audit.record({ actor: "key-file", operation: "system/unseal" }),
    );
    await assert.rejects(unseal, { code: "AUDIT_UNAVAILABLE" });
    assert.equal(barrier.isSealed, true);
    disk.free();
    await barrier.unsealByFileKey(Buffer.alloc(32, 7), () => undefined);
    put("after");
  }
  using stores = open();
  const { operations, broken } = {
    operations: stores.auditStore.list(all).map(({ subject }) => subject),
    broken: (await verifyChain(stores.auditStore)).broken,
  };
  assert.deepEqual([operations, broken], [["before", "after"], undefined]);
});

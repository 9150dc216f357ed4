import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import type { SealedRecords } from "../barrier/sealed-records.ts";
import { anOpenBarrier } from "./barrier-fixture.ts";
import { createMemoryRecords } from "./memory-records.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();

const kinds: Record<string, (t: TestContext) => Promise<SealedRecords>> = {
  "in memory": async () => createMemoryRecords(),
  "in the database": async (t) => (await anOpenBarrier(t)).barrier.records,
};

for (const [kind, open] of Object.entries(kinds)) {
  describe(`records ${kind}`, () => {
    test("give back what was put under a path, replaced and deleted", async (t) => {
      const records = await open(t);
      assert.equal(records.get("a/b"), undefined);
      records.put("a/b", bytes("one"));
      records.put("a/b", bytes("two"));
      assert.equal(text(records.get("a/b")), "two");
      assert.equal(records.delete("a/b"), true);
      assert.equal(records.delete("a/b"), false);
      assert.equal(records.get("a/b"), undefined);
    });

    test("are listed by prefix, sorted, after a path and so many", async (t) => {
      const records = await open(t);
      for (const path of ["b/2", "b/10", "a/1", "ba", "b/1"]) records.put(path, bytes(path));
      assert.deepEqual(records.list("b/"), ["b/1", "b/10", "b/2"]);
      assert.deepEqual(records.list("b"), ["b/1", "b/10", "b/2", "ba"]);
      assert.deepEqual(records.list("b/", { after: "b/1" }), ["b/10", "b/2"]);
      assert.deepEqual(records.list("", { limit: 2 }), ["a/1", "b/1"]);
    });

    test("below a path are their own, with paths from there", async (t) => {
      const records = await open(t);
      const below = records.under("mounts/pki/").under("certificates");
      below.put("01", bytes("x"));
      records.put("mounts/pkix/01", bytes("y"));
      assert.deepEqual(records.list(""), ["mounts/pki/certificates/01", "mounts/pkix/01"]);
      assert.deepEqual(below.list(""), ["01"]);
      assert.deepEqual(below.list("", { after: "01" }), []);
      assert.equal(text(records.get("mounts/pki/certificates/01")), "x");
      assert.equal(below.delete("01"), true);
    });

    test("change in a transaction all together or not at all", async (t) => {
      const records = await open(t);
      records.put("kept", bytes("before"));
      const failing = (): void =>
        records.transaction(() => {
          records.put("kept", bytes("after"));
          records.transaction(() => records.put("new", bytes("new")));
          throw new Error("stop");
        });
      assert.throws(failing, /stop/u);
      assert.equal(text(records.get("kept")), "before");
      assert.equal(records.get("new"), undefined);
      assert.equal(
        records.transaction(() => {
          records.under("x").put("y", bytes("z"));
          return 7;
        }),
        7,
      );
      assert.equal(text(records.get("x/y")), "z");
    });
  });
}

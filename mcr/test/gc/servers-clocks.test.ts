import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Clock, systemClock } from "@metacircular/mcdsl/clock.ts";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { BlobStore } from "../../blobs/blob-store.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import { openDatabaseClock } from "../../metadata/database-clock.ts";
import { createMetadata } from "../../metadata/store.ts";
import { postgres } from "../metadata/engines.ts";
import { createWorld, emptyStore, hashOf, stored, type World } from "./world.ts";

// Two servers of one registry, of which one believes that it is an hour later than the other one does.

const hourMs = 3_600_000;
const leaseMs = 60_000;
const engine = postgres();
const suite = new AsyncDisposableStack();
let directory: string;
let blobs: BlobStore;
before(async () => {
  await engine.prepare();
  directory = suite.use(await createTemporaryDirectory()).path;
  blobs = await openFileStore({ directory: join(directory, "blobs"), clock: systemClock });
});
after(async () => {
  await suite.disposeAsync();
  await engine.dispose();
});

const by = (aheadMs: number): Clock => ({
  now: () => systemClock.now() + aheadMs,
  sleep: (durationMs, signal) => systemClock.sleep(durationMs, signal),
});

interface Server extends AsyncDisposable {
  readonly sql: SqlDatabase;
  readonly clock: Clock;
  readonly world: World;
}

/** @param store default: the one that both share */
async function serverOf(name: string, aheadMs: number, store: BlobStore = blobs): Promise<Server> {
  await using stack = new AsyncDisposableStack();
  const sql = stack.use(await engine.open(name));
  const clock = stack.use(await openDatabaseClock(sql, by(aheadMs)));
  const world = stack.use(await createWorld({ sql, directory, blobs: store, clock, leaseMs }));
  const owned = stack.move();
  return { sql, clock, world, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Its deletions wait until they are let on. */
function haltingStore(): { store: BlobStore; deleting: Promise<void>; go: () => void } {
  const [deleting, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const store: BlobStore = {
    stat: (digest, signal) => blobs.stat(digest, signal),
    read: (digest, range, signal) => blobs.read(digest, range, signal),
    adopt: (file, digest, sizeBytes, signal) => blobs.adopt(file, digest, sizeBytes, signal),
    list: (signal) => blobs.list(signal),
    check: (signal) => blobs.check(signal),
    async delete(digest, signal) {
      deleting.resolve();
      await go.promise;
      await blobs.delete(digest, signal);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { store, deleting: deleting.promise, go: () => go.resolve() };
}

for (const aheadMs of [hourMs, -hourMs]) {
  const which = aheadMs > 0 ? "ahead" : "behind";

  test(`a server that is ${which} takes nothing that another one has leased`, async () => {
    await emptyStore(blobs);
    await using first = await serverOf(`lease_${which}`, 0);
    await using other = await serverOf(`lease_${which}`, aheadMs);
    await first.world.pushBlob("app", "of the first");
    await other.world.pushBlob("app", "of the other");
    for (const { world } of [first, other]) {
      const run = await world.collector.run({ dryRun: false, by: "test" });
      assert.deepEqual([run.state, run.blobs], ["succeeded", 0]);
    }
    assert.equal((await stored(blobs)).length, 2);
  });

  test(`a server that is ${which} does not take over a deletion that goes on`, async () => {
    await emptyStore(blobs);
    const halting = haltingStore();
    await using first = await serverOf(`delete_${which}`, 0, halting.store);
    await using other = await serverOf(`delete_${which}`, aheadMs);
    await first.world.pushBlob("app", "layer");
    await first.world.metadata.unlinkBlob("app", hashOf("layer"));
    await first.sql.execute("UPDATE blob SET leased_until_ms = 0");
    const run = first.world.collector.run({ dryRun: false, by: "test" });
    // Not for ever, where nothing is deleted.
    await Promise.race([halting.deleting, run]);
    await using _ = { [Symbol.asyncDispose]: async () => halting.go() };
    await assert.rejects(other.world.collector.run({ dryRun: false, by: "test" }), {
      code: "COLLECTION_RUNS",
    });
    const hasty = createMetadata({ sql: other.sql, clock: other.clock, leaseMs, deletionWaitMs: 0 });
    await assert.rejects(hasty.leaseBlob(hashOf("layer"), 5), { code: "BLOB_BEING_DELETED" });
    const push = other.world.pushImage("app", "v1", ["layer"]);
    halting.go();
    const [collected] = await Promise.all([run, push]);
    assert.equal(collected.blobs, 1);
    assert.deepEqual(await other.world.pull("app", "v1"), ["layer"]);
  });
}

test("the time is the database's, and goes on between two looks at it", async () => {
  await using stack = new AsyncDisposableStack();
  const sql = stack.use(await engine.open("time"));
  let counterMs = 1_000;
  const clock = stack.use(await openDatabaseClock(sql, by(hourMs), () => counterMs));
  const beganMs = clock.now();
  const [row] = await sql.query(
    "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now_ms",
  );
  const laterMs = Number(row?.["now_ms"]);
  assert.ok(beganMs <= laterMs && laterMs - beganMs < hourMs / 2, `${beganMs}, then ${laterMs}`);
  counterMs += 5_000;
  assert.equal(clock.now(), beganMs + 5_000);
});

test("a reading that differs by little does not set the time back, one that differs by much does", async () => {
  const times = [100_000, 99_500, 50_000];
  const looks: { readonly look: () => void }[] = [];
  const nextSleep = (): Promise<void> => new Promise((resolve) => void looks.push({ look: resolve }));
  const sql = {
    engine: "postgresql",
    query: async () => [{ now_ms: times.shift() ?? 50_000 }],
  } as unknown as SqlDatabase;
  const asleep: Clock = {
    now: () => 0,
    async sleep(_durationMs, signal) {
      const aborted = new Promise<never>((_, reject) =>
        signal?.addEventListener("abort", () => reject(new Error("over")), { once: true }),
      );
      await Promise.race([nextSleep(), aborted]);
    },
  };
  await using clock = await openDatabaseClock(sql, asleep, () => 0);
  const look = async (): Promise<void> => {
    looks.at(-1)?.look();
    const before = looks.length;
    while (looks.length === before) await new Promise((resolve) => setImmediate(resolve));
  };
  assert.equal(clock.now(), 100_000);
  await look();
  assert.equal(clock.now(), 100_000);
  await look();
  assert.equal(clock.now(), 50_000);
});

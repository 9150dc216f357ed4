import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openSqlite } from "@metacircular/mcdsl/sql/sqlite.ts";
import { createSmallDisk } from "@metacircular/testkit/small-disk.ts";
import { migrations } from "../../metadata/migrations.ts";
import { handClock } from "../metadata/pushes.ts";
import { createWorld, deafSleep } from "./world.ts";

const leaseMs = 1_000;
const layerOf = (name: string): string => name.repeat(400_000);

test("on a disk that is full of blobs and database pulls go on, pushes are refused, and all of it heals", async (t) => {
  await using disk = await createSmallDisk(16 * 1024);
  const clock = handClock();
  const still = { now: () => clock.now(), sleep: deafSleep };
  await using sql = await openSqlite({ file: join(disk.path, "mcr.db"), migrations });
  await using world = await createWorld({
    ...{ sql, directory: disk.path, clock, leaseMs },
    collector: { clock: still },
  });
  for (const name of ["one", "two", "three"]) await world.pushImage("app", name, [layerOf(name)]);
  const kept = await world.pull("app", "one");
  for (const name of ["two", "three"]) {
    const manifest = await world.metadata.manifest("app", { tag: name });
    if (manifest !== undefined) await world.metadata.deleteManifest("app", manifest.digest);
  }
  clock.forward(leaseMs);

  disk.fill();
  await assert.rejects(world.pushImage("app", "four", [layerOf("four")]));
  assert.deepEqual(await world.pull("app", "one"), kept);
  // It may find room in the log of the database, or not; it ends, and what it says is true.
  const full = await world.collector.run({ dryRun: false, by: "test" }).catch((error: unknown) => error);
  t.diagnostic(full instanceof Error ? full.message : JSON.stringify(full));
  assert.deepEqual(await world.pull("app", "one"), kept);

  disk.free();
  clock.forward(61_000);
  const run = await world.collector.run({ dryRun: false, by: "test" });
  assert.deepEqual([run.state, run.error, run.missingBlobs], ["succeeded", "", 0]);
  assert.equal((await world.metadata.totals()).blobs, 1);
  await world.pushImage("app", "four", [layerOf("four")]);
  assert.deepEqual(await world.pull("app", "four"), [layerOf("four")]);
  assert.deepEqual(await world.pull("app", "one"), kept);
});

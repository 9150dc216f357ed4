import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { type Program, startProgram } from "@metacircular/testkit/program.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { seededRandom, verify } from "./churn-pushes.ts";
import { openHastyWorld } from "./churning-process.ts";
import type { World } from "./world.ts";

const rounds = 7;

interface Event {
  readonly event: "begin" | "end" | "collected";
  readonly tag: string;
  readonly layers?: readonly string[];
  readonly state?: string;
  readonly error?: string;
  readonly missingBlobs?: number;
  readonly blobs?: number;
}

type Known = Map<string, readonly string[] | undefined>;

test("a process that is killed amid pushes and collections loses nothing that was acknowledged", async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  await using directory = await createTemporaryDirectory();
  const acknowledged: Known = new Map();
  const sum = { acknowledged: 0, collections: 0, blobs: 0 };
  for (let round = 0; round < rounds; round += 1) {
    // In every other round a run has to come to its end; in the others death comes at any moment of one.
    const wanted = { ends: 10 + Math.floor(random() * 60), collections: round % 2 };
    const events = await killAfter(directory.path, seed + 100 * round, wanted);
    const underWay = record(events, acknowledged);
    sum.acknowledged += events.filter(({ event }) => event === "end").length;
    const collections = events.filter(({ event }) => event === "collected");
    sum.collections += collections.length;
    for (const run of collections) {
      assert.deepEqual([run.state, run.error, run.missingBlobs], ["succeeded", "", 0]);
      sum.blobs += run.blobs ?? 0;
    }
    await using world = await openHastyWorld(directory.path);
    await verify(world, acknowledged, underWay);
    for (const key of underWay.keys()) acknowledged.set(key, await current(world, key));
  }
  t.diagnostic(JSON.stringify(sum));
  assert.ok(sum.blobs > 0, "nothing was collected: there was no race");
  await using world = await openHastyWorld(directory.path);
  await settle(world);
  await verify(world, acknowledged);
});

/** @returns everything that it said until it was dead */
async function killAfter(
  directory: string,
  seed: number,
  wanted: { readonly ends: number; readonly collections: number },
): Promise<Event[]> {
  await using program: Program = startProgram("mcr/test/gc/churning-process.ts", [directory, String(seed)], {
    PATH: process.env["PATH"],
  });
  let { ends, collections } = wanted;
  await program.line((line) => {
    if (line.includes('"event":"end"')) ends -= 1;
    if (line.includes('"event":"collected"')) collections -= 1;
    return ends <= 0 && collections <= 0;
  });
  const { stderr } = program.child;
  const closed = stderr === null ? undefined : once(stderr, "close");
  await program.kill();
  // What it said last may still be on its way.
  await closed;
  return program.log.flatMap((line) => (line.startsWith('{"event"') ? [JSON.parse(line) as Event] : []));
}

/** @returns what was begun and not acknowledged */
function record(events: readonly Event[], acknowledged: Known): Known {
  const underWay: Known = new Map();
  for (const { event, tag, layers } of events) {
    if (event === "begin") underWay.set(tag, layers);
    if (event !== "end") continue;
    underWay.delete(tag);
    acknowledged.set(tag, layers);
  }
  return underWay;
}

async function current(world: World, key: string): Promise<readonly string[] | undefined> {
  const [repository = "", tag = ""] = key.split(":");
  const manifest = await world.metadata.manifest(repository, { tag });
  return manifest === undefined ? undefined : world.pull(repository, tag);
}

/** Collects until there is nothing left: then the store holds exactly what the database knows. */
async function settle(world: World): Promise<void> {
  for (;;) {
    const run = await world.collector.run({ dryRun: false, by: "test" }).catch(() => undefined);
    if (run !== undefined) {
      assert.equal(run.missingBlobs, 0);
      const { blobs } = await world.metadata.totals();
      let files = 0;
      for await (const _ of world.blobs.list()) files += 1;
      const isDone = run.tags + run.manifests + run.links + run.blobs === 0;
      if (isDone && files === blobs) return;
    }
    await systemClock.sleep(100);
  }
}

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Clock, systemClock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { BlobStore } from "../../blobs/blob-store.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import { engines } from "../metadata/engines.ts";
import { churn, nothingUntagged, seededRandom, verify } from "./churn-pushes.ts";
import { createWorld, deafSleep, type World } from "./world.ts";

const leaseMs = 100;
const rounds = 40;
/** Pushes begin again, up to so often, until something was collected beside them: one server's collector waits for its turn
 * between them, and a quick machine may be done before. */
const mostTurns = 100;

/** Never gives a sign of life: so the turn of each run is over at once, and two servers collect at the same time. */
const deafClock: Clock = { now: () => systemClock.now(), sleep: deafSleep };

for (const engine of engines())
  describe(`garbage collection beside pushes, with ${engine.name}`, () => {
    before(() => engine.prepare());
    after(() => engine.dispose());

    /** How many servers share the database and the store. */
    const servers = engine.name === "SQLite" ? 1 : 2;

    test(`loses nothing that was acknowledged, on ${servers} servers that collect all the time`, async (t) => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      t.diagnostic(`seed ${seed}`);
      await using stack = new AsyncDisposableStack();
      const directory = stack.use(await createTemporaryDirectory());
      const files = await openFileStore({ directory: join(directory.path, "blobs"), clock: systemClock });
      const blobs = slowToDelete(files);
      const worlds: World[] = [];
      for (let server = 0; server < servers; server += 1) {
        const sql = stack.use(await engine.open("race"));
        const collector = {
          clock: deafClock,
          turnMs: 1,
          deletionMs: 4_000,
          retention: async () => [nothingUntagged],
        };
        const options = { sql, directory: directory.path, blobs, clock: systemClock, leaseMs, collector };
        worlds.push(stack.use(await createWorld(options)));
      }
      const acknowledged = new Map<string, readonly string[] | undefined>();
      const witness = {
        begin: () => undefined,
        end: (key: string, layers: readonly string[] | undefined) => void acknowledged.set(key, layers),
      };
      const over = new AbortController();
      const removed = { blobs: 0, manifests: 0, runs: 0 };
      async function collectAllTheTime(world: World): Promise<void> {
        while (!over.signal.aborted) {
          const run = await world.collector.run({ dryRun: false, by: "test" }).catch((error: unknown) => {
            if (!(error instanceof DetailedError) || error.code !== "COLLECTION_RUNS") throw error;
          });
          if (run === undefined) continue;
          // The other one may have begun meanwhile; both went on.
          assert.match(run.state, /succeeded|interrupted/, run.error);
          assert.equal(run.missingBlobs, 0);
          removed.blobs += run.blobs;
          removed.manifests += run.manifests;
          removed.runs += 1;
        }
      }
      const collecting = Promise.all(worlds.map(collectAllTheTime));
      // Told when the pushes have ended, which need the database until then.
      collecting.catch(() => over.abort());
      const hasRaced = (): boolean => removed.blobs > 0 && removed.manifests > 0;
      async function push(world: World, server: number, number: number): Promise<number> {
        const random = seededRandom(seed + 10 * server + number);
        let pushed = 0;
        const goesOn = (turn: number): boolean => !over.signal.aborted && !hasRaced() && turn < mostTurns;
        for (let turn = 0; turn === 0 || goesOn(turn); turn += 1)
          pushed += await churn(world, {
            ...{ name: `p${server}${number}`, rounds, first: turn * rounds, random, witness },
          });
        return pushed;
      }
      const pushing = worlds.flatMap((world, server) =>
        [0, 1, 2].map((number) => push(world, server, number)),
      );
      await Promise.allSettled(pushing);
      over.abort();
      const pushed = await Promise.all(pushing);
      await collecting;
      for (const world of worlds) await verify(world, acknowledged);
      t.diagnostic(JSON.stringify({ pushed, removed }));
      assert.ok(pushed.every((count) => count > 0));
      assert.ok(hasRaced(), "nothing was collected: there was no race");
    });
  });

/** As a store behind a network is: what others do in the meantime meets a deletion that is under way. */
function slowToDelete(blobs: BlobStore): BlobStore {
  return {
    stat: (...args) => blobs.stat(...args),
    read: (...args) => blobs.read(...args),
    adopt: (...args) => blobs.adopt(...args),
    delete: async (...args) => {
      await systemClock.sleep(50);
      await blobs.delete(...args);
    },
    list: (...args) => blobs.list(...args),
    check: (...args) => blobs.check(...args),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

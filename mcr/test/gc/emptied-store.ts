import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before } from "node:test";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { BlobStore } from "../../blobs/blob-store.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import type { CollectorOptions } from "../../gc/collector-options.ts";
import type { RetentionRule } from "../../policy/retention-rule.ts";
import type { Engine } from "../metadata/engines.ts";
import { type HandClock, handClock } from "../metadata/pushes.ts";
import { createWorld, deafSleep, emptyStore, type World } from "./world.ts";

export const leaseMs = 1_000;

/** What the cases of one suite share: an engine, a clock that they set, and a store that is emptied for each of them. */
export interface EmptiedStore {
  readonly clock: HandClock;
  /** The heart of a run beats by a clock that does not go on by itself. */
  readonly still: CollectorOptions["clock"];
  readonly directory: string;
  readonly blobs: BlobStore;
  /** Empties the store, and opens a new database. */
  begin(): Promise<SqlDatabase>;
  openNew(): Promise<SqlDatabase>;
  /** The last database that was opened new, as another server opens it. */
  openAgain(): Promise<SqlDatabase>;
  /** A registry on the store. */
  world(sql: SqlDatabase, collector?: Partial<CollectorOptions>, blobs?: BlobStore): Promise<World>;
}

/** To be called in a suite, which it prepares and cleans up after. */
export function prepareEmptiedStore(engine: Engine, databases: string): EmptiedStore {
  const stack = new AsyncDisposableStack();
  const clock = handClock();
  const still = { now: () => clock.now(), sleep: deafSleep };
  const shared = { directory: "", blobs: undefined as BlobStore | undefined };
  let count = 0;
  before(async () => {
    await engine.prepare();
    shared.directory = stack.use(await createTemporaryDirectory()).path;
    shared.blobs = await openFileStore({ directory: join(shared.directory, "blobs"), clock });
  });
  after(async () => {
    await stack.disposeAsync();
    await engine.dispose();
  });
  const storeOfSuite = (): BlobStore => {
    if (shared.blobs === undefined) throw new Error("the suite has not begun");
    return shared.blobs;
  };
  const openAgain = (): Promise<SqlDatabase> => engine.open(`${databases}${count}`);
  const openNew = (): Promise<SqlDatabase> => {
    count += 1;
    return openAgain();
  };
  return {
    clock,
    still,
    get directory() {
      return shared.directory;
    },
    get blobs() {
      return storeOfSuite();
    },
    async begin() {
      await emptyStore(storeOfSuite());
      return openNew();
    },
    openNew,
    openAgain,
    world: (sql, collector = {}, blobs = storeOfSuite()) =>
      createWorld({
        ...{ sql, directory: shared.directory, blobs, clock, leaseMs },
        collector: { clock: still, ...collector },
      }),
  };
}

export const graceMs = 5_000;

/** A registry on the emptied store, and what a collection took there. */
export async function beginCollections(
  suite: EmptiedStore,
  rules: readonly RetentionRule[] = [],
  collector: Partial<CollectorOptions> = {},
) {
  await using stack = new AsyncDisposableStack();
  const sql = stack.use(await suite.begin());
  const world = stack.use(await suite.world(sql, { graceMs, retention: async () => rules, ...collector }));
  const collect = async (dryRun = false) => {
    const run = await world.collector.run({ dryRun, by: "alice" });
    assert.deepEqual([run.state, run.error], ["succeeded", ""]);
    const items = await world.collector.items(run.id, { after: 0, limit: 1_000 });
    const went = items.map(({ kind, repository, name }) => [kind, repository, name].join(" ").trim());
    return { run, went: went.toSorted() };
  };
  const owned = stack.move();
  return { sql, world, collect, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

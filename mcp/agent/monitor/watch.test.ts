import assert from "node:assert/strict";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createMemoryLogger, type LogLine } from "../test/monitor-fakes.ts";
import { watchDirectory } from "./watch.ts";

/** A watch on a directory `exits`, on a clock of which a second lasts 10 ms. */
async function createWatched({ exists = true } = {}) {
  const parent = await createTemporaryDirectory();
  const directory = join(parent.path, "exits");
  if (exists) await mkdir(directory);
  const log: LogLine[] = [];
  const world = { changes: 0 };
  const watch = watchDirectory({
    directory,
    onChange: () => void (world.changes += 1),
    clock: {
      now: () => systemClock.now(),
      sleep: (durationMs, signal) => systemClock.sleep(durationMs / 100, signal),
    },
    logger: createMemoryLogger(log),
  });
  let files = 0;
  return Object.assign(world, {
    parent: parent.path,
    directory,
    watch,
    levels: () => log.map(({ level }) => level),
    /** Waits until a new file in the directory is noticed. */
    async noticesFile() {
      const before = world.changes;
      files += 1;
      await writeFile(join(directory, `file-${files}`), "");
      await eventually(() => assert.ok(world.changes > before));
    },
    async [Symbol.asyncDispose]() {
      watch[Symbol.dispose]();
      await parent[Symbol.asyncDispose]();
    },
  });
}

test("a new file is noticed", async () => {
  await using watched = await createWatched();
  await watched.noticesFile();
  await watched.noticesFile();
  assert.deepEqual(watched.levels(), []);
});

test("a directory that was replaced is watched again, and something may have changed meanwhile", async () => {
  await using watched = await createWatched();
  const before = watched.changes;
  await rename(watched.directory, `${watched.directory}.old`);
  await mkdir(watched.directory);
  await eventually(() => assert.ok(watched.changes > before));
  await watched.noticesFile();
});

test("a directory that was removed is watched again once it is back, and the log says both", async () => {
  await using watched = await createWatched();
  await rm(watched.directory, { recursive: true });
  await eventually(() => assert.deepEqual(watched.levels(), ["warn"]));
  const before = watched.changes;
  await mkdir(watched.directory);
  await eventually(() => assert.deepEqual(watched.levels(), ["warn", "info"]));
  assert.ok(watched.changes > before, "something may have changed while nobody watched");
  await watched.noticesFile();
});

test("a directory that does not exist yet is watched once it does", async () => {
  await using watched = await createWatched({ exists: false });
  assert.deepEqual(watched.levels(), ["warn"]);
  await mkdir(watched.directory);
  await eventually(() => assert.deepEqual(watched.levels(), ["warn", "info"]));
  await watched.noticesFile();
});

test("a directory that was hidden by a mount or a parent's replacement is found by a check", async () => {
  await using watched = await createWatched();
  await rename(watched.parent, `${watched.parent}.moved`);
  await mkdir(watched.directory, { recursive: true });
  watched.watch.check();
  await watched.noticesFile();
  await rm(`${watched.parent}.moved`, { recursive: true });
});

test("nothing is noticed any more once the watch is disposed", async () => {
  await using watched = await createWatched();
  await using witness = await createWatched();
  watched.watch[Symbol.dispose]();
  const before = watched.changes;
  await writeFile(join(watched.directory, "late"), "");
  await witness.noticesFile();
  assert.equal(watched.changes, before);
});

import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import assert from "node:assert/strict";
import { appendFile, mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { rotateLogs } from "./log-rotation.ts";

test("a log that has grown is emptied, and two older ones are kept", async () => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "a.log");
  await writeFile(join(directory.path, "small.log"), "x");
  for (const text of ["first", "second", "third", "fourth"]) {
    await appendFile(path, text);
    await rotateLogs(directory.path, 4);
  }
  assert.deepEqual((await readdir(directory.path)).toSorted(), ["a.log", "a.log.1", "a.log.2", "small.log"]);
  assert.equal(await readFile(path, "utf8"), "");
  assert.equal(await readFile(`${path}.1`, "utf8"), "fourth");
  assert.equal(await readFile(`${path}.2`, "utf8"), "third");
});

test("a log of 8 MiB stays, and a byte more is too much", async () => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "a.log");
  await writeFile(path, "");
  await truncate(path, 8 * 1024 * 1024);
  await rotateLogs(directory.path);
  assert.deepEqual(await readdir(directory.path), ["a.log"]);
  await appendFile(path, "x");
  await rotateLogs(directory.path);
  assert.deepEqual((await readdir(directory.path)).toSorted(), ["a.log", "a.log.1"]);
});

test("what stands in the way of an older log is said", async () => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "a.log");
  for (const file of [path, `${path}.1`]) await writeFile(file, "x");
  await mkdir(`${path}.2`);
  await assert.rejects(rotateLogs(directory.path, 0), { code: "EISDIR" });
});

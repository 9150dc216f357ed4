import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyLocks } from "./key-locks.ts";

test("work under one key is done in the order of asking, also after a failure, and other keys do not wait", async () => {
  const locks = new KeyLocks();
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = locks.run("a", async () => {
    await gate.promise;
    done.push("first");
    throw new Error("failed");
  });
  const second = locks.run("a", async () => void done.push("second"));
  await locks.run("b", async () => void done.push("other"));
  gate.resolve();
  await assert.rejects(first, /failed/u);
  await second;
  assert.deepEqual(done, ["other", "first", "second"]);
  assert.equal(await locks.run("a", async () => "third"), "third");
});

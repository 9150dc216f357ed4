import assert from "node:assert/strict";
import { test } from "node:test";
import { createServiceLocks, type LockHolder } from "./locks.ts";

const alice: LockHolder = { operationId: "one", kind: "deploy", caller: "alice", sinceMs: 1_000 };
const bob: LockHolder = { operationId: "two", kind: "stop", caller: "bob", sinceMs: 43_000 };

test("a second operation on a service is told who holds it and since when", () => {
  const locks = createServiceLocks();
  using _lock = locks.acquire("shop", alice, 1_000);
  assert.throws(() => locks.acquire("shop", bob, 43_000), {
    code: "OPERATION_IN_PROGRESS",
    message:
      "cannot stop shop: alice has been running a deploy of it for 42 s; " +
      "wait for it, or follow it with: mcp events -f --operation one",
  });
});

test("other services are free, and so is the same one afterwards", () => {
  const locks = createServiceLocks();
  const lock = locks.acquire("shop", alice, 1_000);
  using _other = locks.acquire("blog", bob, 1_000);
  lock[Symbol.dispose]();
  using _again = locks.acquire("shop", bob, 1_000);
  assert.equal(locks.holder("shop"), bob);
});

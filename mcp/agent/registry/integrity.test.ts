import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { integrityProblems } from "./integrity.ts";
import { openRegistry } from "./registry.ts";

const signal = AbortSignal.timeout(30_000);

test("a registry in use has no problems", async () => {
  await using directory = await createTemporaryDirectory();
  const file = join(directory.path, "mcp.db");
  using registry = openRegistry(file, systemClock);
  registry.services.record("shop", true);
  assert.deepEqual(await integrityProblems(file, signal), []);
});

test("damaged pages are found, and what is no database is said to be none", async () => {
  await using directory = await createTemporaryDirectory();
  const file = join(directory.path, "mcp.db");
  openRegistry(file, systemClock)[Symbol.dispose]();
  writeFileSync(file, Buffer.alloc(4_096, 7), { flag: "r+", flush: true });
  await assert.rejects(integrityProblems(file, signal), /not a database/);
  openRegistry(join(directory.path, "other.db"), systemClock)[Symbol.dispose]();
});

test("an aborted signal ends the wait", async () => {
  await assert.rejects(integrityProblems("/nowhere/mcp.db", AbortSignal.abort()), { name: "AbortError" });
});

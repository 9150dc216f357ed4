import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { loadRegistry } from "@metacircular/testkit/registry-load.ts";
import { startTestRegistry } from "@metacircular/testkit/registry-server.ts";

test("a gigabyte goes through the server in less than 200 MB of memory", async (t) => {
  await using registry = await startTestRegistry();
  const load = await loadRegistry(registry, { layers: 8, layerBytes: 128 * 1024 * 1024 + 1, atOnce: 4 });
  t.diagnostic(JSON.stringify(load));
  assert.ok(load.peakResidentMb < 200, `${load.peakResidentMb} MB`);
  const left = await readdir(join(registry.storageDirectory, "uploads"));
  assert.deepEqual(
    left.filter((name) => !name.includes(".claim")),
    [],
  );
});

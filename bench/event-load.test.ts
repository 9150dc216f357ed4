import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { openRegistry } from "@metacircular/mcp-agent/registry/registry.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { fill, pruneBefore, slowestQuery } from "./event-load.ts";

const count = 100_000;

test("beside 100,000 events queries are quick, pruning blocks nobody, and its space is used again", async (context) => {
  await using directory = await createTemporaryDirectory();
  using registry = openRegistry(join(directory.path, "mcp.db"), systemClock);
  const nowMs = Date.now();
  const fromMs = nowMs - 1_000 * count;
  fill(registry, { fromMs, count });
  const { sizeBytes } = registry.size();
  assert.ok(sizeBytes < 200 * count, `${sizeBytes} bytes`);
  const queryMs = await slowestQuery(registry, { nowMs, rounds: 3 });
  const { medianBlockMs, tookMs } = await pruneBefore(registry, fromMs + 500 * count);
  context.diagnostic(`slowest query ${queryMs.toFixed(1)} ms, pruning ${tookMs.toFixed(0)} ms`);
  assert.ok(queryMs < 50, `slowest query ${queryMs} ms`);
  assert.ok(medianBlockMs < 50, `half of the waits are longer than ${medianBlockMs} ms`);
  assert.equal(registry.events.prune(fromMs + 500 * count, 1), 0, "all that is old is gone");
  fill(registry, { fromMs: nowMs, count: count / 2 });
  assert.ok(registry.size().sizeBytes < 1.05 * sizeBytes, "the file has not grown");
});

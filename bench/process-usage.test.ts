import assert from "node:assert/strict";
import { test } from "node:test";
import { childrenOf, cpuTimeMs, memoryOf, parseParent, parseSchedstat, parseSize } from "./process-usage.ts";

test("a schedstat line counts nanoseconds", () => assert.equal(parseSchedstat("1500000 20 3\n"), 1.5));

test("a name of a process cannot be mistaken for its parent", () => {
  assert.equal(parseParent("7 (a) b 1 2) S 42 7 7 0"), 42);
});

test("a size is read from its own line and counted in 10^6 bytes", () => {
  const text = "Rss:              100000 kB\nPss:               50000 kB\nPss_Anon:          10000 kB\n";
  assert.equal(parseSize(text, "Pss"), 51.2);
  assert.throws(() => parseSize(text, "Swap"), /no line Swap/);
});

test("this process uses processor time and memory", async () => {
  assert.ok((await cpuTimeMs(process.pid)) > 0);
  const { residentMb, proportionalMb } = await memoryOf(process.pid);
  assert.ok(residentMb >= proportionalMb && proportionalMb > 0);
  assert.ok((await childrenOf(process.ppid)).includes(process.pid));
});

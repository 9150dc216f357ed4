import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { nothing } from "../gc/run.ts";
import { Observations } from "./observations.ts";

test("what the registry holds is looked at at the start, and again every 15 s until it stops", async () => {
  const stopping = new AbortController();
  const slept: number[] = [];
  const seen: (number | undefined)[][] = [];
  let repositories = 1;
  const run = { ...nothing, id: 1, by: "", dryRun: false, state: "succeeded", error: "" } as const;
  const value = (name: string): number | undefined =>
    observations.families().find((family) => family.name === name)?.samples[0]?.value;
  const observations = new Observations({
    metadata: {
      totals: async () => ({ repositories, manifests: 0, tags: 0, blobs: 0, blobBytes: 0 }),
    },
    uploads: { count: 0 },
    collector: {
      runs: async () => (repositories === 1 ? [] : [{ ...run, startedAtMs: 1, endedAtMs: 2 }]),
    },
    checks: { database: () => {}, storage: () => Promise.reject(new Error("no disk")) },
    clock: {
      now: () => 0,
      async sleep(durationMs) {
        slept.push(durationMs);
        seen.push(["mcr_repositories", "mcr_garbage_collection_succeeded", "mcr_storage_up"].map(value));
        repositories += 1;
        if (repositories > 3) stopping.abort(new Error("enough"));
      },
    },
    logger: createLogger({ name: "t", level: "error", destination: { write: () => undefined } }),
  });
  await observations.run(stopping.signal);
  assert.deepEqual(slept, [15_000, 15_000, 15_000]);
  assert.deepEqual(seen, [
    [1, undefined, 0],
    [2, 1, 0],
    [3, 1, 0],
  ]);
});

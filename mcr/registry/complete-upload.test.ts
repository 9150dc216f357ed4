import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDigest } from "../digest.ts";
import { completeUpload } from "./complete-upload.ts";

const digest = formatDigest("sha256", "a".repeat(64));
const upload = { id: "1", repository: "team/app", sizeBytes: 5, lastUsedAtMs: 0 };
const { signal } = new AbortController();

type Parts = Parameters<typeof completeUpload>[0];

/** All that an upload is completed with; each says what it is asked for. */
function partsThat(note: (step: string) => Promise<void>): Parts {
  const lease = { digest, sizeBytes: 5, generation: "1", isStored: false };
  const parts = {
    metadata: {
      leaseBlob: () => note("lease").then(() => lease),
      linkBlob: () => note("link"),
    },
    uploads: { finish: () => note("finish").then(() => ({ file: "upload", digest, sizeBytes: 5 })) },
    blobs: { adopt: () => note("adopt") },
    rules: { quotaBytes: () => undefined },
  };
  return parts as unknown as Parts;
}

test("a blob is leased before it becomes visible, and held when it is", async () => {
  const steps: string[] = [];
  const leased = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();
  const parts = partsThat(async (step) => {
    steps.push(step);
    if (step === "finish") finished.resolve();
    if (step === "lease") await leased.promise;
  });
  const completed = completeUpload(parts, upload, digest, signal);
  await finished.promise;
  // It has all the time it needs to go on too early.
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(steps, ["lease", "finish"]);
  leased.resolve();
  await completed;
  assert.deepEqual(steps, ["lease", "finish", "adopt", "link"]);
});

test("a blob whose lease is refused does not become visible", async () => {
  const steps: string[] = [];
  const parts = partsThat(async (step) => {
    steps.push(step);
    if (step === "lease") throw new Error("it is being deleted");
  });
  await assert.rejects(completeUpload(parts, upload, digest, signal), /being deleted/);
  assert.ok(!steps.includes("adopt"));
});

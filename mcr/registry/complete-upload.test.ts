import assert from "node:assert/strict";
import { test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { formatDigest } from "../digest.ts";
import { completeUpload } from "./complete-upload.ts";

const digest = formatDigest("sha256", "a".repeat(64));
const upload = { id: "1", repository: "team/app", sizeBytes: 5, lastUsedAtMs: 0 };
const { signal } = new AbortController();

type Parts = Parameters<typeof completeUpload>[0];

/** All that an upload is completed with; each says what it is asked for. */
function partsThat(note: (step: string) => Promise<void>, quotaBytes?: number): Parts {
  const lease = { digest, sizeBytes: 5, generation: "1", isStored: false };
  const parts = {
    metadata: {
      requireRoom: () => note("room"),
      leaseBlob: () => note("lease").then(() => lease),
      linkBlob: () => note("link"),
    },
    uploads: {
      cancel: () => note("cancel").then(() => true),
      finish: () =>
        note("finish").then(() => ({
          file: "upload",
          digest,
          sizeBytes: 5,
          [Symbol.asyncDispose]: async () => undefined,
        })),
    },
    blobs: { adopt: () => note("adopt") },
    rules: { quotaBytes: () => quotaBytes },
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

test("an upload goes with the room that it has not, and stays where nobody can say whether it has", async () => {
  for (const [code, expected] of [
    ["QUOTA_EXCEEDED", ["room", "cancel"]],
    ["DATABASE_UNAVAILABLE", ["room"]],
  ] as const) {
    const steps: string[] = [];
    const parts = partsThat(async (step) => {
      steps.push(step);
      if (step === "room")
        throw new DetailedError({ code, category: "unavailable", attempted: "push", found: "it failed" });
    }, 10);
    await assert.rejects(completeUpload(parts, upload, digest, signal), { code });
    assert.deepEqual(steps, expected);
  }
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomInt } from "node:crypto";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { systemClock as clock } from "@metacircular/mcdsl/clock.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import { openUploads } from "../../blobs/upload-files.ts";
import { parseDigest } from "../../digest.ts";

const rounds = 15;
const steps = ["append", "finish", "adopt"] as const;
const program = fileURLToPath(new URL("pushing-process.ts", import.meta.url));

test("a process that is killed at any step loses nothing it said, and shows nothing half", async (t) => {
  await using temporary = await createTemporaryDirectory();
  const directory = temporary.path;
  const stored = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    const step = steps[round % steps.length] ?? "append";
    await pushUntilKilled(directory, step, stored);
    await verify(directory, stored);
  }
  t.diagnostic(`${rounds} deaths, ${stored.size} blobs stored`);
  assert.ok(stored.size > 0);
});

/** Kills the process some moments after it began such a step. */
async function pushUntilKilled(directory: string, step: string, stored: Set<string>): Promise<void> {
  const child = spawn(process.execPath, [program, directory], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const afterStores = randomInt(1, 40);
  let stores = 0;
  let isDying = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const [word = "", digest = ""] = line.split(" ");
    if (word === "stored") {
      stored.add(digest);
      stores += 1;
    }
    // What is about to be deleted may be there or not.
    if (word === "deleting") stored.delete(digest);
    if (word !== step || stores < afterStores || isDying) continue;
    isDying = true;
    void sleep(randomInt(4)).then(() => child.kill("SIGKILL"));
  }
  const [, signal] = (await exited) as [number | null, string | null];
  assert.equal(signal, "SIGKILL");
}

async function verify(directory: string, stored: ReadonlySet<string>): Promise<void> {
  await using blobs = await openFileStore({ directory: join(directory, "blobs"), clock });
  const visible = new Set<string>();
  for await (const { digest, sizeBytes } of blobs.list()) {
    const hash = createHash("sha256");
    let read = 0;
    for await (const chunk of await blobs.read(digest)) {
      hash.update(chunk);
      read += chunk.length;
    }
    assert.equal(`sha256:${hash.digest("hex")}`, digest);
    assert.equal(read, sizeBytes);
    visible.add(digest);
  }
  for (const digest of stored) assert.ok(visible.has(digest), `${digest} was acknowledged and is gone`);
  await using uploads = await openUploads({ directory: join(directory, "uploads"), clock });
  await continueOne(directory, uploads, blobs);
  await uploads.expire(0);
  const left = (await readdir(join(directory, "uploads"))).filter((name) => !name.includes(".claim"));
  assert.deepEqual(left, []);
  assert.equal(uploads.count, 0);
}

/** What was left there is usable: it can be finished with the digest of what it has. */
async function continueOne(
  directory: string,
  uploads: Awaited<ReturnType<typeof openUploads>>,
  blobs: Awaited<ReturnType<typeof openFileStore>>,
): Promise<void> {
  const name = (await readdir(join(directory, "uploads"))).find((entry) => !entry.includes(".claim"));
  if (name === undefined) return;
  const upload = await uploads.find("team/app", name.slice(name.indexOf("-") + 1));
  assert.ok(upload);
  const wrong = parseDigest(`sha256:${"0".repeat(64)}`);
  assert.ok(wrong);
  const refused = await uploads.finish(upload, wrong).catch((thrown: unknown) => thrown);
  assert.ok(refused instanceof Error && "code" in refused && refused.code === "DIGEST_MISMATCH");
  assert.equal(await uploads.find("team/app", upload.id), undefined);
  assert.equal(await blobs.stat(wrong), undefined);
}

import assert from "node:assert/strict";
import { existsSync, readlinkSync } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { systemClock as clock } from "@metacircular/mcdsl/clock.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import { fileOf, randomContent } from "./content.ts";

// That a process is killed the disk does not notice: what a loss of power leaves depends on what was synced, and when.

test("a blob is synced before its name is there, and its name before it is acknowledged", async (t) => {
  await using temporary = await createTemporaryDirectory();
  const directory = join(temporary.path, "blobs");
  await using blobs = await openFileStore({ directory, clock });
  const staging = join(temporary.path, "staging");
  await mkdir(staging);
  const { digest, ...content } = randomContent(100_000);
  const hex = digest.slice("sha256:".length);
  const path = join(directory, "sha256", hex.slice(0, 2), hex);
  const synced: { readonly path: string; readonly isVisible: boolean }[] = [];
  await using anyFile = await open(temporary.path);
  const handles = Object.getPrototypeOf(anyFile) as FileHandle;
  const sync: unknown = Reflect.get(handles, "sync");
  assert.ok(typeof sync === "function");
  t.mock.method(handles, "sync", async function (this: FileHandle) {
    const isVisible = existsSync(path);
    await Reflect.apply(sync, this, []);
    synced.push({ path: readlinkSync(`/proc/self/fd/${this.fd}`), isVisible });
  });
  const file = await fileOf(staging, { digest, ...content });
  await blobs.adopt(file, digest, content.bytes.length);
  assert.deepEqual(synced, [
    { path: file, isVisible: false },
    { path: dirname(path), isVisible: true },
  ]);
});

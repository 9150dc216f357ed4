import assert from "node:assert/strict";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { systemClock as clock } from "@metacircular/mcdsl/clock.ts";
import { createSmallDisk } from "@metacircular/testkit/small-disk.ts";
import type { BlobStore } from "../../blobs/blob-store.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import { openUploads } from "../../blobs/upload-files.ts";
import type { UploadStore } from "../../blobs/upload-store.ts";
import { collect, type Content, randomContent } from "./content.ts";

const mebibyte = 1024 * 1024;

function streamOf(bytes: Buffer): Readable {
  const pieces = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, index) =>
    bytes.subarray(index * 65_536, (index + 1) * 65_536),
  );
  return Readable.from(pieces, { objectMode: true });
}

async function push(uploads: UploadStore, blobs: BlobStore, { bytes, digest }: Content): Promise<void> {
  const upload = await uploads.begin("team/app");
  await uploads.append(upload, streamOf(bytes), {});
  const { file, sizeBytes } = await uploads.finish(upload, digest);
  await blobs.adopt(file, digest, sizeBytes);
}

test("a disk that fills up during an upload is said, gets its room again, and the upload goes on later", async () => {
  await using disk = await createSmallDisk(16 * 1024);
  await using blobs = await openFileStore({ directory: join(disk.path, "blobs"), clock });
  await using uploads = await openUploads({ directory: join(disk.path, "uploads"), clock });
  const kept = randomContent(5 * mebibyte);
  await push(uploads, blobs, kept);
  const content = randomContent(9 * mebibyte);
  const upload = await uploads.begin("team/app");
  await uploads.append(upload, streamOf(content.bytes.subarray(0, mebibyte)), {});
  disk.fill();
  const rest = content.bytes.subarray(mebibyte);
  await assert.rejects(uploads.append(upload, streamOf(rest), {}), { code: "STORAGE_FULL" });
  disk.free();
  assert.equal((await uploads.find("team/app", upload.id))?.sizeBytes, mebibyte);
  // 5 + 1 of 16 MiB are taken: this one fits only because nothing of the failed attempt is left.
  const between = randomContent(9 * mebibyte);
  await push(uploads, blobs, between);
  await blobs.delete(between.digest);
  await uploads.append(upload, streamOf(rest), { offset: mebibyte });
  const { file, sizeBytes } = await uploads.finish(upload, content.digest);
  await blobs.adopt(file, content.digest, sizeBytes);
  for (const { digest, bytes } of [kept, content])
    assert.deepEqual(await collect(await blobs.read(digest)), bytes);
});

test("what does not fit is refused in the middle, and the disk is as free as before", async () => {
  await using disk = await createSmallDisk(8 * 1024);
  await using blobs = await openFileStore({ directory: join(disk.path, "blobs"), clock });
  await using uploads = await openUploads({ directory: join(disk.path, "uploads"), clock });
  const upload = await uploads.begin("team/app");
  const tooLarge = randomContent(12 * mebibyte);
  await assert.rejects(uploads.append(upload, streamOf(tooLarge.bytes), {}), { code: "STORAGE_FULL" });
  assert.equal((await uploads.find("team/app", upload.id))?.sizeBytes, 0);
  const fitting = randomContent(6 * mebibyte);
  await push(uploads, blobs, fitting);
  assert.deepEqual(await collect(await blobs.read(fitting.digest)), fitting.bytes);
});

test("a full disk refuses to begin or to store, and heals", async () => {
  await using disk = await createSmallDisk(8 * 1024);
  await using blobs = await openFileStore({ directory: join(disk.path, "blobs"), clock });
  await using uploads = await openUploads({ directory: join(disk.path, "uploads"), clock });
  const content = randomContent(100_000);
  const upload = await uploads.begin("team/app");
  await uploads.append(upload, streamOf(content.bytes), {});
  disk.fill();
  const other = await uploads.begin("team/app").catch((thrown: unknown) => thrown);
  if (other instanceof Error) assert.equal(Reflect.get(other, "code"), "STORAGE_FULL");
  await assert.rejects(uploads.append(upload, streamOf(content.bytes), {}), { code: "STORAGE_FULL" });
  disk.free();
  const { file, sizeBytes } = await uploads.finish(upload, content.digest);
  await blobs.adopt(file, content.digest, sizeBytes);
  assert.deepEqual(await collect(await blobs.read(content.digest)), content.bytes);
});

test("keeps a reserve free", async () => {
  await using disk = await createSmallDisk(16 * 1024);
  const directory = join(disk.path, "uploads");
  await using uploads = await openUploads({ directory, clock, minFreeBytes: 4 * mebibyte });
  const upload = await uploads.begin("team/app");
  const { bytes } = randomContent(13 * mebibyte);
  const announced = { lengthBytes: bytes.length };
  await assert.rejects(uploads.append(upload, streamOf(bytes), announced), { code: "STORAGE_FULL" });
  await uploads.append(upload, streamOf(bytes.subarray(0, 10 * mebibyte)), {});
  const rest = bytes.subarray(10 * mebibyte);
  await assert.rejects(uploads.append(upload, streamOf(rest), { lengthBytes: rest.length }), {
    code: "STORAGE_FULL",
  });
  await uploads.cancel("team/app", upload.id);
  disk.fill();
  await assert.rejects(uploads.begin("team/app"), { code: "STORAGE_FULL" });
  disk.free();
  await uploads.begin("team/app");
});

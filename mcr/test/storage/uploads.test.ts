import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { test } from "node:test";
import { type Clock, systemClock } from "@metacircular/mcdsl/clock.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import { openUploads, type UploadOptions } from "../../blobs/upload-files.ts";
import type { UploadStore } from "../../blobs/upload-store.ts";
import { collect, contentOf, randomContent } from "./content.ts";

interface World extends AsyncDisposable {
  readonly directory: string;
  /** Of the server that runs now. */
  readonly uploads: UploadStore;
  restart(): Promise<void>;
}

async function createWorld(options: Partial<UploadOptions> = {}): Promise<World> {
  await using cleanup = new AsyncDisposableStack();
  const { path } = cleanup.use(await createTemporaryDirectory());
  const directory = join(path, "uploads");
  const open = (): Promise<UploadStore> => openUploads({ directory, clock: systemClock, ...options });
  let uploads = await open();
  const owned = cleanup.move();
  return {
    directory,
    get uploads() {
      return uploads;
    },
    async restart() {
      await uploads[Symbol.asyncDispose]();
      uploads = await open();
    },
    async [Symbol.asyncDispose]() {
      await uploads[Symbol.asyncDispose]();
      await owned.disposeAsync();
    },
  };
}

function streamOf(...parts: (Buffer | string)[]): Readable {
  return Readable.from(
    parts.map((part) => Buffer.from(part)),
    { objectMode: true },
  );
}

test("takes an upload in chunks and verifies it by either algorithm", async () => {
  await using world = await createWorld();
  for (const announced of ["sha256", "sha512"] as const) {
    for (const asked of ["sha256", "sha512"] as const) {
      const content = randomContent(3_000_000, asked);
      const upload = await world.uploads.begin("team/app", announced);
      assert.equal(upload.sizeBytes, 0);
      const first = await world.uploads.append(upload, streamOf(content.bytes.subarray(0, 1_000_001)), {
        offset: 0,
      });
      assert.equal(first.sizeBytes, 1_000_001);
      const rest = streamOf(content.bytes.subarray(1_000_001));
      await world.uploads.append(upload, rest, { offset: 1_000_001, lengthBytes: 1_999_999 });
      const finished = await world.uploads.finish(upload, content.digest);
      assert.equal(finished.digest, content.digest);
      assert.equal(finished.sizeBytes, 3_000_000);
      await using blobs = await openFileStore({
        directory: join(world.directory, "../blobs"),
        clock: systemClock,
      });
      await blobs.adopt(finished.file, finished.digest, finished.sizeBytes);
      assert.deepEqual(await collect(await blobs.read(content.digest)), content.bytes);
      assert.equal(await world.uploads.find("team/app", upload.id), undefined);
    }
  }
  assert.equal(world.uploads.count, 0);
});

test("knows an upload in its own repository only", async () => {
  await using world = await createWorld();
  const { id } = await world.uploads.begin("team/app");
  assert.equal(await world.uploads.find("team/other", id), undefined);
  assert.equal(await world.uploads.cancel("team/other", id), false);
  const strange = { repository: "team/other", id };
  await assert.rejects(world.uploads.append(strange, streamOf("x"), {}), { code: "UPLOAD_UNKNOWN" });
  await assert.rejects(world.uploads.finish(strange, contentOf("").digest), { code: "UPLOAD_UNKNOWN" });
  assert.equal((await world.uploads.find("team/app", id))?.id, id);
});

test("takes no id for a path", async () => {
  await using world = await createWorld();
  await writeFile(join(world.directory, "../secret"), "secret");
  for (const id of [
    "",
    ".",
    "../secret",
    "../../secret",
    "x".repeat(36),
    randomUUID().toUpperCase(),
    "a\0b",
  ]) {
    assert.equal(await world.uploads.find("team/app", id), undefined, JSON.stringify(id));
  }
});

test("follows no link, and only its owner may read what it writes", async () => {
  await using world = await createWorld();
  const { id, repository } = await world.uploads.begin("team/app");
  const name = (await readdir(world.directory)).find((entry) => entry.endsWith(id));
  const file = join(world.directory, name ?? "missing");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await stat(world.directory)).mode & 0o777, 0o700);
  const secret = join(world.directory, "../secret");
  await writeFile(secret, "secret");
  const linked = randomUUID();
  await symlink(secret, file.replace(id, linked));
  assert.equal(await world.uploads.find(repository, linked), undefined);
});

test("refuses what does not begin at the end of what is there", async () => {
  await using world = await createWorld();
  const upload = await world.uploads.begin("team/app");
  await world.uploads.append(upload, streamOf("hello"), {});
  for (const offset of [0, 4, 6]) {
    await assert.rejects(world.uploads.append(upload, streamOf("x"), { offset }), {
      code: "UPLOAD_OUT_OF_ORDER",
      facts: { sizeBytes: "5" },
    });
  }
  await assert.rejects(world.uploads.append(upload, streamOf("more than that"), { lengthBytes: 3 }), {
    code: "UPLOAD_OUT_OF_ORDER",
  });
  await world.uploads.append(upload, streamOf(" you"), { offset: 5 });
  await world.uploads.finish(upload, contentOf("hello you").digest);
});

test("goes on after a restart", async () => {
  await using world = await createWorld();
  const content = randomContent(2_500_000);
  const upload = await world.uploads.begin("team/app");
  await world.uploads.append(upload, streamOf(content.bytes.subarray(0, 1_234_567)), {});
  await world.restart();
  assert.equal(world.uploads.count, 1);
  assert.equal((await world.uploads.find("team/app", upload.id))?.sizeBytes, 1_234_567);
  await world.uploads.append(upload, streamOf(content.bytes.subarray(1_234_567)), { offset: 1_234_567 });
  await world.uploads.finish(upload, content.digest);
});

test("keeps what came before the client hung up, and is free again", async () => {
  await using world = await createWorld();
  const upload = await world.uploads.begin("team/app");
  const source = new PassThrough();
  const appending = world.uploads.append(upload, source, {});
  source.write("hello");
  await eventually(async () => assert.equal((await world.uploads.find("team/app", upload.id))?.sizeBytes, 5));
  await assert.rejects(world.uploads.append(upload, streamOf("x"), {}), { code: "UPLOAD_BUSY" });
  await assert.rejects(world.uploads.finish(upload, contentOf("").digest), { code: "UPLOAD_BUSY" });
  await assert.rejects(world.uploads.cancel("team/app", upload.id), { code: "UPLOAD_BUSY" });
  source.destroy(new Error("socket hang up"));
  await assert.rejects(appending, { code: "UPLOAD_CUT_SHORT", facts: { sizeBytes: "5" } });
  await world.uploads.append(upload, streamOf(" you"), { offset: 5 });
  await world.uploads.finish(upload, contentOf("hello you").digest);
});

test("keeps what came before the request was cancelled", async () => {
  await using world = await createWorld();
  const upload = await world.uploads.begin("team/app");
  const abort = new AbortController();
  const source = new PassThrough();
  const appending = world.uploads.append(upload, source, {}, abort.signal);
  source.write("hello");
  await eventually(async () => assert.equal((await world.uploads.find("team/app", upload.id))?.sizeBytes, 5));
  abort.abort();
  await assert.rejects(appending, { name: "AbortError" });
  await world.uploads.append(upload, streamOf("!"), { offset: 5 });
  await world.uploads.finish(upload, contentOf("hello!").digest);
});

test("says when fewer bytes come than were announced", async () => {
  await using world = await createWorld();
  const upload = await world.uploads.begin("team/app");
  await assert.rejects(world.uploads.append(upload, streamOf("hello"), { lengthBytes: 6 }), {
    code: "UPLOAD_CUT_SHORT",
  });
  assert.equal((await world.uploads.find("team/app", upload.id))?.sizeBytes, 5);
});

test("removes an upload with another digest", async () => {
  await using world = await createWorld();
  const upload = await world.uploads.begin("team/app");
  await world.uploads.append(upload, streamOf("hello"), {});
  const wanted = contentOf("hullo").digest;
  await assert.rejects(world.uploads.finish(upload, wanted), {
    code: "DIGEST_MISMATCH",
    facts: { found: contentOf("hello").digest },
  });
  assert.equal(await world.uploads.find("team/app", upload.id), undefined);
  assert.deepEqual(await uploadFiles(world.directory), []);
});

test("finishes once more what the blob store did not take, also after a restart, but takes no more bytes", async () => {
  await using world = await createWorld();
  const content = contentOf("hello");
  const upload = await world.uploads.begin("team/app");
  await world.uploads.append(upload, streamOf("hello"), {});
  await world.uploads.finish(upload, content.digest);
  await assert.rejects(world.uploads.append(upload, streamOf("x"), { offset: 5 }), { code: "UPLOAD_BUSY" });
  await world.uploads.append(upload, streamOf(), { offset: 5, lengthBytes: 0 });
  await world.uploads.finish(upload, content.digest);
  await world.restart();
  const { sizeBytes } = await world.uploads.finish(upload, content.digest);
  assert.equal(sizeBytes, 5);
  assert.equal(await world.uploads.cancel("team/app", upload.id), true);
  assert.deepEqual(await uploadFiles(world.directory), []);
});

test("bounds a blob and takes back what did not fit", async () => {
  await using world = await createWorld({ maxBlobBytes: 1_000 });
  const upload = await world.uploads.begin("team/app");
  await world.uploads.append(upload, streamOf("a".repeat(600)), {});
  await assert.rejects(world.uploads.append(upload, streamOf("b".repeat(300), "c".repeat(300)), {}), {
    code: "UPLOAD_TOO_LARGE",
  });
  assert.equal((await world.uploads.find("team/app", upload.id))?.sizeBytes, 600);
  await world.uploads.append(upload, streamOf("d".repeat(400)), { offset: 600 });
  await world.uploads.finish(upload, contentOf("a".repeat(600) + "d".repeat(400)).digest);
});

test("bounds the number of uploads", async () => {
  await using world = await createWorld({ maxUploads: 2 });
  const first = await world.uploads.begin("team/app");
  await world.uploads.begin("team/other");
  await assert.rejects(world.uploads.begin("team/app"), { code: "TOO_MANY_UPLOADS" });
  await world.restart();
  await assert.rejects(world.uploads.begin("team/app"), { code: "TOO_MANY_UPLOADS" });
  assert.equal(await world.uploads.cancel("team/app", first.id), true);
  await world.uploads.begin("team/app");
});

test("lets one repository have a quarter of the uploads", async () => {
  await using world = await createWorld({ maxUploads: 8 });
  await world.uploads.begin("team/app");
  await world.uploads.begin("team/app");
  await assert.rejects(world.uploads.begin("team/app"), {
    code: "TOO_MANY_UPLOADS",
    message: /this repository/,
  });
  await world.uploads.begin("team/other");
});

test("gives up what nobody touched for too long, but nothing that is in use", async () => {
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + aheadMs };
  await using world = await createWorld({ clock });
  const [idle, used] = [await world.uploads.begin("team/app"), await world.uploads.begin("team/app")];
  const sealed = await world.uploads.begin("team/app");
  await world.uploads.finish(sealed, contentOf("").digest);
  const source = new PassThrough();
  const appending = world.uploads.append(used, source, {});
  assert.equal(await world.uploads.expire(60_000), 0);
  aheadMs = 61_000;
  assert.equal(await world.uploads.expire(60_000), 2);
  assert.equal(await world.uploads.find("team/app", idle.id), undefined);
  assert.equal(await world.uploads.find("team/app", sealed.id), undefined);
  source.end("hello");
  await appending;
  assert.equal(await world.uploads.expire(60_000), 0);
  assert.equal((await uploadFiles(world.directory)).length, 1);
});

test("takes many uploads of the same and of different blobs at once", async () => {
  await using world = await createWorld();
  await using blobs = await openFileStore({
    directory: join(world.directory, "../blobs"),
    clock: systemClock,
  });
  const contents = Array.from({ length: 10 }, (_, index) => randomContent(200_000 + index));
  const pushes = Array.from({ length: 40 }, async (_, index) => {
    const { bytes, digest } = contents[index % contents.length] ?? contentOf("");
    const upload = await world.uploads.begin(`team/app${index % 3}`);
    for (let done = 0; done < bytes.length; done += 65_536) {
      await world.uploads.append(upload, streamOf(bytes.subarray(done, done + 65_536)), { offset: done });
    }
    const { file, sizeBytes } = await world.uploads.finish(upload, digest);
    await blobs.adopt(file, digest, sizeBytes);
    assert.deepEqual(await collect(await blobs.read(digest)), bytes);
  });
  await Promise.all(pushes);
  assert.deepEqual(await uploadFiles(world.directory), []);
  assert.equal((await Array.fromAsync(blobs.list())).length, contents.length);
});

test("lets one process at a time work with the directory", async () => {
  await using world = await createWorld();
  await assert.rejects(openUploads({ directory: world.directory, clock: systemClock }), {
    code: "UPLOADS_IN_USE",
  });
});

async function uploadFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => !name.includes(".claim"));
}

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { test } from "node:test";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { openUploads, type UploadOptions } from "../../blobs/upload-files.ts";
import type { Upload, UploadStore } from "../../blobs/upload-store.ts";
import { type Digest, formatDigest } from "../../digest.ts";
import { handClock } from "../metadata/pushes.ts";

const mebibyte = 1024 * 1024;
const minuteMs = 60_000;

interface World extends AsyncDisposable {
  readonly directory: string;
  readonly uploads: UploadStore;
}

async function createWorld(options: Partial<UploadOptions> = {}): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await createTemporaryDirectory());
  const directory = join(path, "uploads");
  const uploads = stack.use(await openUploads({ directory, clock: handClock(), ...options }));
  const owned = stack.move();
  return { directory, uploads, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** In pieces, without a length. */
function content(sizeBytes: number): Readable {
  const piece = Buffer.alloc(256 * 1024);
  return Readable.from(
    Array.from({ length: sizeBytes / piece.length }, () => piece),
    { objectMode: true },
  );
}

function digestOfZeros(sizeBytes: number): Digest {
  return formatDigest("sha256", createHash("sha256").update(Buffer.alloc(sizeBytes)).digest("hex"));
}

async function bytesIn(directory: string): Promise<number> {
  const names = (await readdir(directory)).filter((name) => !name.startsWith("uploads."));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function pushSome(uploads: UploadStore, repository: string, sizeBytes: number): Promise<Upload> {
  return uploads.append(await uploads.begin(repository), content(sizeBytes), {});
}

test("requests that write at the same time never take more of the disk than the uploads of a repository may have", async () => {
  await using world = await createWorld({ maxUploadBytes: 40 * mebibyte });
  const pushes = Array.from({ length: 8 }, () => pushSome(world.uploads, "team/app", 4 * mebibyte));
  let most = 0;
  const over = new AbortController();
  const watch = (async () => {
    while (!over.signal.aborted) most = Math.max(most, await bytesIn(world.directory));
  })();
  const ends = await Promise.allSettled(pushes);
  over.abort();
  await watch;
  for (const end of ends.filter((one) => one.status === "rejected"))
    assert.equal((end.reason as { code?: string }).code, "NO_ROOM_FOR_UPLOADS", String(end.reason));
  const done = ends.filter(({ status }) => status === "fulfilled");
  assert.ok(done.length <= 2, `${done.length} of 4 MiB each in 10 MiB`);
  assert.ok(most <= 10 * mebibyte, `${most} bytes`);
  // What was refused is taken back: then there is room for as many as fit.
  assert.equal(await bytesIn(world.directory), done.length * 4 * mebibyte);
  for (let count = done.length; count < 2; count += 1)
    await pushSome(world.uploads, "team/app", 4 * mebibyte);
  await assert.rejects(pushSome(world.uploads, "team/app", 4 * mebibyte), { code: "NO_ROOM_FOR_UPLOADS" });
});

test("one repository leaves room for others, until all together have what they may", async () => {
  await using world = await createWorld({ maxUploadBytes: 8 * mebibyte });
  for (const repository of ["a", "b", "c", "d"]) {
    await pushSome(world.uploads, repository, 2 * mebibyte);
    await assert.rejects(pushSome(world.uploads, repository, mebibyte), { code: "NO_ROOM_FOR_UPLOADS" });
  }
  await assert.rejects(pushSome(world.uploads, "e", mebibyte), /of all repositories/);
});

test("what was announced and does not fit is refused before it comes, and takes nothing from others", async () => {
  await using world = await createWorld({ maxUploadBytes: 8 * mebibyte });
  const large = await world.uploads.begin("a");
  const source = new PassThrough();
  await assert.rejects(world.uploads.append(large, source, { lengthBytes: 3 * mebibyte }), {
    code: "NO_ROOM_FOR_UPLOADS",
  });
  await pushSome(world.uploads, "a", 2 * mebibyte);
});

test("a quota of the repository bounds what is on its way to it", async () => {
  await using world = await createWorld();
  const bounds = { maxRepositoryBytes: 3 * mebibyte };
  const push = async (repository: string) =>
    world.uploads.append(await world.uploads.begin(repository), content(2 * mebibyte), bounds);
  await push("a");
  await assert.rejects(push("a"), { facts: { maxBytes: String(3 * mebibyte) } });
  await push("b");
});

test("what nobody goes on with gives way to who needs the room, and not before", async () => {
  const clock = handClock();
  await using world = await createWorld({ clock, maxUploadBytes: 8 * mebibyte });
  const old = await pushSome(world.uploads, "a", 2 * mebibyte);
  clock.forward(9 * minuteMs);
  await assert.rejects(pushSome(world.uploads, "a", mebibyte), { code: "NO_ROOM_FOR_UPLOADS" });
  assert.equal((await world.uploads.find("a", old.id))?.sizeBytes, 2 * mebibyte);
  clock.forward(minuteMs);
  await pushSome(world.uploads, "a", 2 * mebibyte);
  assert.equal(await world.uploads.find("a", old.id), undefined);
  await assert.rejects(world.uploads.append(old, content(mebibyte), {}), { code: "UPLOAD_UNKNOWN" });
});

test("what is written to does not give way, however long it takes", async () => {
  const clock = handClock();
  await using world = await createWorld({ clock, maxUploadBytes: 8 * mebibyte });
  const slow = await world.uploads.begin("a");
  const source = new PassThrough();
  const writing = world.uploads.append(slow, source, {});
  source.write(Buffer.alloc(2 * mebibyte));
  await eventually(async () =>
    assert.equal((await world.uploads.find("a", slow.id))?.sizeBytes, 2 * mebibyte),
  );
  clock.forward(60 * minuteMs);
  await assert.rejects(pushSome(world.uploads, "a", mebibyte), { code: "NO_ROOM_FOR_UPLOADS" });
  source.end();
  assert.equal((await writing).sizeBytes, 2 * mebibyte);
});

test("as many as may be in progress, and no more, begin at once; idle ones give way", async () => {
  const clock = handClock();
  await using world = await createWorld({ clock, maxUploads: 16 });
  const begin = (): Promise<unknown> =>
    Promise.allSettled(Array.from({ length: 10 }, () => world.uploads.begin("a")));
  await begin();
  assert.equal(world.uploads.count, 4);
  clock.forward(10 * minuteMs);
  await begin();
  assert.equal(world.uploads.count, 4);
  clock.forward(10 * minuteMs);
  await world.uploads.begin("a");
  assert.equal(world.uploads.count, 1);
});

test("an upload that is touched again and again ends nevertheless", async () => {
  const clock: Clock & { forward(ms: number): void } = handClock();
  await using world = await createWorld({ clock });
  const upload = await world.uploads.begin("a");
  for (let touch = 1; touch <= 13; touch += 1) {
    clock.forward(30 * minuteMs);
    await world.uploads.append(upload, content(256 * 1024), {});
    assert.equal(await world.uploads.expire(60 * minuteMs), 0, `touch ${touch}`);
  }
  clock.forward(30 * minuteMs);
  assert.equal(await world.uploads.expire(60 * minuteMs), 1);
});

test("what a restart left counts as well", async () => {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await createTemporaryDirectory());
  const open = () =>
    openUploads({ directory: join(path, "uploads"), clock: handClock(), maxUploadBytes: 8 * mebibyte });
  {
    await using before = await open();
    await pushSome(before, "a", mebibyte);
    await before.finish(await pushSome(before, "a", mebibyte), digestOfZeros(mebibyte));
  }
  await using uploads = await open();
  await assert.rejects(pushSome(uploads, "a", mebibyte), { code: "NO_ROOM_FOR_UPLOADS" });
});

test("what is complete has its room until the blob store has taken it, and gives way where that took nothing", async () => {
  const clock = handClock();
  await using world = await createWorld({ clock, maxUploadBytes: 8 * mebibyte });
  const complete = async () =>
    world.uploads.finish(await pushSome(world.uploads, "a", 2 * mebibyte), digestOfZeros(2 * mebibyte));
  {
    await using _ = await complete();
    // However long the store takes.
    clock.forward(60 * minuteMs);
    await assert.rejects(pushSome(world.uploads, "a", mebibyte), { code: "NO_ROOM_FOR_UPLOADS" });
  }
  {
    await using taken = await complete();
    assert.deepEqual(await bytesIn(world.directory), 2 * mebibyte);
    await rm(taken.file);
  }
  await pushSome(world.uploads, "a", 2 * mebibyte);
});

import assert from "node:assert/strict";
import { readdir, truncate, writeFile, chmod } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import {
  createTemporaryDirectory,
  type TemporaryDirectory,
} from "@metacircular/testkit/temporary-directory.ts";
import type { BlobStore } from "../../blobs/blob-store.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import { openS3Store } from "../../blobs/s3-store.ts";
import { createProgram } from "../../commands/program.ts";
import { copyBlobs } from "../../copy/copy-blobs.ts";
import { openStaging } from "../../copy/staging.ts";
import type { Digest } from "../../digest.ts";
import { collect, randomContent } from "./content.ts";
import { createTestBucket, type TestBucket } from "./s3-bucket.ts";

const mebibyte = 1024 * 1024;
const never = new AbortController().signal;

let directory: TemporaryDirectory;
let bucket: TestBucket;
let s3: BlobStore;
before(async () => {
  directory = await createTemporaryDirectory();
  bucket = await createTestBucket(join(directory.path, "s3"));
  s3 = await openS3Store({ ...bucket.settings, clock: systemClock });
});
after(async () => {
  await s3[Symbol.asyncDispose]();
  await bucket[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

async function digestsOf(store: BlobStore): Promise<Digest[]> {
  return (await Array.fromAsync(store.list())).map(({ digest }) => digest).toSorted();
}

async function emptied(store: BlobStore): Promise<BlobStore> {
  for (const digest of await digestsOf(store)) await store.delete(digest);
  return store;
}

interface Place extends AsyncDisposable {
  readonly path: string;
  readonly files: BlobStore;
  /** Content under its digest, as pushes leave it. */
  fill(count: number, sizeBytes: number): Promise<readonly (readonly [Digest, Buffer])[]>;
}

async function place(): Promise<Place> {
  const own = await createTemporaryDirectory();
  const { path } = own;
  const files = await openFileStore({ directory: join(path, "blobs"), clock: systemClock });
  return {
    ...{ path, files },
    async fill(count, sizeBytes) {
      const contents: (readonly [Digest, Buffer])[] = [];
      for (let index = 0; index < count; index += 1) {
        const { bytes, digest } = randomContent(sizeBytes, index % 2 === 0 ? "sha256" : "sha512");
        const file = join(path, "upload");
        await writeFile(file, bytes);
        await files.adopt(file, digest, bytes.length);
        contents.push([digest, bytes]);
      }
      return contents;
    },
    [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
  };
}

async function run(source: Pick<BlobStore, "list" | "read">, target: BlobStore, at: Place, dryRun = false) {
  await using staging = await openStaging(join(at.path, "copying"), 0);
  const result = await copyBlobs({ source, target, staging, dryRun, signal: never });
  assert.deepEqual(
    (await readdir(staging.directory)).filter((name) => name.endsWith(".blob")),
    [],
  );
  return result;
}

test("copies files into a real S3 store and back, bit for bit, and only what is missing", async () => {
  await using from = await place();
  await using to = await place();
  await emptied(s3);
  const contents = [...(await from.fill(10, 10_000)), ...(await from.fill(2, 9 * mebibyte))];
  const dry = await run(from.files, s3, from, true);
  assert.deepEqual([dry.copied, dry.present], [12, 0]);
  assert.deepEqual(await digestsOf(s3), []);
  const there = await run(from.files, s3, from);
  assert.deepEqual([there.copied, there.present, there.failed], [12, 0, 0]);
  assert.equal(there.copiedBytes, 10 * 10_000 + 2 * 9 * mebibyte);
  const again = await run(from.files, s3, from);
  assert.deepEqual([again.copied, again.present], [0, 12]);
  const back = await run(s3, to.files, to);
  assert.deepEqual([back.copied, back.failed], [12, 0]);
  for (const [digest, bytes] of contents)
    assert.ok((await collect(await to.files.read(digest))).equals(bytes), digest);
});

test("goes on after it broke off, and sends again what came in part", async () => {
  await using from = await place();
  await using to = await place();
  await from.fill(20, 10_000);
  const stopping = new AbortController();
  {
    await using staging = await openStaging(join(to.path, "copying"), 0);
    const broken = copyBlobs({
      ...{ source: from.files, target: to.files, staging, dryRun: false, signal: stopping.signal },
      onProgress: ({ copied }) => copied >= 5 && stopping.abort(new Error("somebody pulled the plug")),
    });
    await assert.rejects(broken, /pulled the plug/);
  }
  await writeFile(join(to.path, "copying", "left.blob"), "of a copy that was killed");
  const done = (await digestsOf(to.files)).length;
  assert.ok(done >= 5 && done < 20, `${done} of 20`);
  const rest = await run(from.files, to.files, to);
  assert.deepEqual([rest.present, rest.copied], [done, 20 - done]);
  assert.deepEqual(await digestsOf(to.files), await digestsOf(from.files));
});

test("copies nothing that is not what its name says, says so, and copies the rest", async () => {
  await using from = await place();
  await using to = await place();
  const [first, second] = await from.fill(4, 10_000);
  assert.ok(first && second);
  for (const [index, [digest]] of [first, second].entries()) {
    const [algorithm = "", hex = ""] = digest.split(":");
    const file = join(from.path, "blobs", algorithm, hex.slice(0, 2), hex);
    await chmod(file, 0o600);
    if (index === 0) await truncate(file, 5_000);
    else await writeFile(file, Buffer.alloc(10_000));
  }
  const result = await run(from.files, to.files, to);
  assert.deepEqual([result.copied, result.failed, result.failures.length], [2, 2, 2]);
  for (const failure of result.failures) assert.equal((failure as { code?: string }).code, "BLOB_DAMAGED");
  assert.equal((await digestsOf(to.files)).length, 2);
});

test("takes it easy when a blob is deleted while it copies", async () => {
  await using from = await place();
  await using to = await place();
  const [[deleted] = []] = await from.fill(3, 1_000);
  assert.ok(deleted);
  const source: Pick<BlobStore, "list" | "read"> = {
    list: () => from.files.list(),
    async read(digest) {
      if (digest === deleted) await from.files.delete(digest);
      return from.files.read(digest);
    },
  };
  const result = await run(source, to.files, to);
  assert.deepEqual([result.copied, result.gone, result.failed], [2, 1, 0]);
});

test("one copy at a time works in a directory", async () => {
  await using at = await place();
  await using _ = await openStaging(join(at.path, "copying"), 0);
  await assert.rejects(openStaging(join(at.path, "copying"), 0), { code: "STORAGE_COPY_RUNS" });
});

test("the command copies by the configuration, into the store that is not in use yet", async () => {
  await using at = await place();
  await emptied(s3);
  await at.fill(3, 1_000);
  const file = join(at.path, "mcr.toml");
  const { settings } = bucket;
  const described = `[storage.s3]
endpoint = "${settings.endpoint}"
bucket = "${settings.bucket}"
prefix = "${settings.prefix}"
access_key_id_path = "${settings.accessKeyIdFile}"
secret_access_key_path = "${settings.secretAccessKeyFile}"
`;
  const configuration = (s3Lines: string): string => `[server]
listen_addr = "127.0.0.1:1"
grpc_addr = "127.0.0.1:2"
tls_cert = "cert.pem"
tls_key = "key.pem"
external_url = "https://mcr.example:8443"
[storage]
directory = "${at.path}"
min_free_bytes = 0
${s3Lines}
[database]
path = "${join(at.path, "mcr.db")}"
[mcias]
server_url = "https://mcias.example:8443"
token_path = "token"
`;
  const lines: string[] = [];
  const terminal = {
    out: (line: string) => void lines.push(line),
    say: () => undefined,
    readLine: () => Promise.reject(new Error("nobody is asked")),
    askSecret: () => Promise.reject(new Error("nobody is asked")),
    confirm: () => Promise.reject(new Error("nobody is asked")),
  };
  const mcr = (...words: string[]): Promise<unknown> =>
    createProgram({ terminal, environment: {}, clock: systemClock }).parseAsync(
      ["storage", "copy", "--config", file, ...words],
      { from: "user" },
    );
  await writeFile(file, configuration(""));
  await assert.rejects(mcr("--to", "s3"), { code: "S3_SETTINGS_UNUSABLE" });
  await writeFile(file, configuration(described));
  await mcr("--to", "s3", "--dry-run");
  await mcr("--to", "s3");
  await mcr("--to", "s3");
  assert.deepEqual(lines, [
    "3 blobs (2.9 KiB) to copy, 0 there already",
    "3 blobs (2.9 KiB) copied, 0 there already",
    "0 blobs (0 B) copied, 3 there already",
  ]);
  assert.deepEqual(await digestsOf(s3), await digestsOf(at.files));
});

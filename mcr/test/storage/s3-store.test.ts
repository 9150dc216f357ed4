import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, mock, test } from "node:test";
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { type Clock, systemClock } from "@metacircular/mcdsl/clock.ts";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { BlobStore } from "../../blobs/blob-store.ts";
import { createS3Client, type S3Settings } from "../../blobs/s3-client.ts";
import { openS3Store } from "../../blobs/s3-store.ts";
import { collect, fileOf, randomContent } from "./content.ts";
import { createMeddlingProxy } from "./meddling-proxy.ts";
import { createTestBucket, secretFile, type TestBucket } from "./s3-bucket.ts";

const cleanup = new AsyncDisposableStack();
let directory: string;
let bucket: TestBucket;
before(async () => {
  directory = cleanup.use(await createTemporaryDirectory()).path;
  bucket = cleanup.use(await createTestBucket(directory));
});
after(() => cleanup.disposeAsync());

const later: Clock = { ...systemClock, now: () => Date.now() + 7 * 60 * 60 * 1000 };
const threeParts = 20 * 1024 * 1024;

function open(changes: Partial<S3Settings> = {}, clock: Clock = systemClock): Promise<BlobStore> {
  return openS3Store({ ...bucket.settings, ...changes, clock });
}

test("says what is wrong with its settings at the start", async () => {
  const wrongSecret = await secretFile(directory, "wrong", "wrong");
  const empty = await secretFile(directory, "empty", "");
  const exposed = await secretFile(directory, "exposed", "testing");
  await chmod(exposed, 0o644);
  const cases: [Partial<S3Settings>, string, RegExp][] = [
    [
      { secretAccessKeyFile: wrongSecret },
      "BLOB_STORE_UNAVAILABLE",
      /does not accept the secret of the access key/,
    ],
    [{ accessKeyIdFile: wrongSecret }, "BLOB_STORE_UNAVAILABLE", /access key|secret/],
    [{ bucket: "no-such-bucket" }, "BLOB_STORE_UNAVAILABLE", /no such bucket/],
    [{ region: "mars-1" }, "BLOB_STORE_UNAVAILABLE", /another region/],
    [{ endpoint: "http://127.0.0.1:1" }, "BLOB_STORE_UNAVAILABLE", /cannot be reached.*ECONNREFUSED/],
    [{ secretAccessKeyFile: join(directory, "none") }, "S3_SETTINGS_UNUSABLE", /ENOENT/],
    [{ secretAccessKeyFile: empty }, "S3_SETTINGS_UNUSABLE", /it is empty/],
    [{ secretAccessKeyFile: exposed }, "S3_SETTINGS_UNUSABLE", /others than its owner/],
    [{ caFile: join(directory, "none") }, "S3_SETTINGS_UNUSABLE", /ENOENT/],
  ];
  for (const [changes, code, message] of cases) {
    await assert.rejects(open(changes), { code, message }, JSON.stringify(changes));
  }
});

test("speaks TLS and trusts the authority that it is told", async () => {
  const certificates = await createTestCertificates(join(directory, "tls"));
  const cert = await readFile(certificates.certFile, "utf8");
  const key = await readFile(certificates.keyFile, "utf8");
  await using proxy = await createMeddlingProxy(bucket.swift.endpoint, { cert, key });
  const endpoint = proxy.endpoint.replace("127.0.0.1", "localhost");
  await assert.rejects(open({ endpoint }), {
    code: "BLOB_STORE_UNAVAILABLE",
    message: /certificate is not trusted/,
  });
  await using store = await open({ endpoint, caFile: certificates.caFile });
  const content = randomContent(threeParts);
  await store.adopt(await fileOf(directory, content), content.digest, threeParts);
  assert.deepEqual(await collect(await store.read(content.digest)), content.bytes);
});

test("keeps nothing that changed on the way", async () => {
  await using proxy = await createMeddlingProxy(bucket.swift.endpoint);
  await using store = await open({ endpoint: proxy.endpoint });
  for (const sizeBytes of [1_000, threeParts]) {
    const content = randomContent(sizeBytes);
    const file = await fileOf(directory, content);
    proxy.corrupt = 1;
    await assert.rejects(store.adopt(file, content.digest, sizeBytes), { code: "BLOB_STORE_UNAVAILABLE" });
    assert.equal(proxy.corrupt, 0);
    assert.equal(await store.stat(content.digest), undefined);
    await store.adopt(file, content.digest, sizeBytes);
    assert.deepEqual(await collect(await store.read(content.digest)), content.bytes);
  }
});

test("a store that dies in the middle has nothing half, and takes the file when it is back", async () => {
  await using proxy = await createMeddlingProxy(bucket.swift.endpoint);
  await using store = await open({ endpoint: proxy.endpoint });
  const content = randomContent(threeParts);
  const file = await fileOf(directory, content);
  proxy.onRequest = async ({ url = "" }) => {
    if (url.includes("partNumber=2")) await bucket.swift.kill();
  };
  await assert.rejects(store.adopt(file, content.digest, threeParts), { code: "BLOB_STORE_UNAVAILABLE" });
  assert.ok(existsSync(file));
  await assert.rejects(store.check(), { code: "BLOB_STORE_UNAVAILABLE" });
  proxy.onRequest = undefined;
  await bucket.swift.start();
  assert.equal(await store.stat(content.digest), undefined);
  await store.adopt(file, content.digest, threeParts);
  assert.deepEqual(await collect(await store.read(content.digest)), content.bytes);
});

test("repeats a request whose connection breaks", async () => {
  await using proxy = await createMeddlingProxy(bucket.swift.endpoint);
  await using store = await open({ endpoint: proxy.endpoint });
  const content = randomContent(threeParts);
  let broken = 0;
  proxy.onRequest = (incoming) => {
    if (broken >= 3 || !/partNumber|uploads/.test(incoming.url ?? "")) return;
    broken += 1;
    incoming.socket.destroy();
    throw new Error("broken");
  };
  await store.adopt(await fileOf(directory, content), content.digest, threeParts);
  assert.equal(broken, 3);
  assert.deepEqual(await collect(await store.read(content.digest)), content.bytes);
});

test("a cancelled adoption leaves no parts behind", async () => {
  await using proxy = await createMeddlingProxy(bucket.swift.endpoint);
  await using store = await open({ endpoint: proxy.endpoint });
  const content = randomContent(threeParts);
  const file = await fileOf(directory, content);
  const abort = new AbortController();
  proxy.onRequest = ({ url = "" }) => {
    if (url.includes("partNumber=1")) abort.abort(new Error("enough"));
  };
  await assert.rejects(store.adopt(file, content.digest, threeParts, abort.signal), { message: "enough" });
  assert.ok(existsSync(file));
  // A part that the store was writing at that moment may have come after the end; the next look finds it.
  await eventually(async () => {
    await using _store = await open({}, later);
    await eventually(async () => assert.deepEqual(await uploadsInParts(), []), 20_000);
  });
});

test("gives up uploads in parts that a crash left, but none that is young or not its own", async () => {
  const client = await createS3Client(bucket.settings);
  using _ = { [Symbol.dispose]: () => client.destroy() };
  const begin = async (key: string): Promise<void> => {
    await client.send(new CreateMultipartUploadCommand({ Bucket: bucket.settings.bucket, Key: key }));
  };
  await begin("registry/blobs/sha256/ab/left");
  await begin("other/blobs/sha256/ab/left");
  {
    await using young = await open();
    await young.check();
  }
  assert.equal((await uploadsInParts()).length, 2);
  await using _store = await open({}, later);
  await eventually(async () => assert.deepEqual(await uploadsInParts(), ["other/blobs/sha256/ab/left"]));
});

test("gets along with a clock that is wrong by hours", async () => {
  mock.timers.enable({ apis: ["Date"], now: Date.now() + 5 * 60 * 60 * 1000 });
  try {
    await using store = await open();
    const content = randomContent(1_000);
    await store.adopt(await fileOf(directory, content), content.digest, 1_000);
    assert.deepEqual(await collect(await store.read(content.digest)), content.bytes);
  } finally {
    mock.timers.reset();
  }
});

test("bounds what is in memory when many blobs come at once", async () => {
  await using store = await open();
  const staging = join(directory, "many");
  await mkdir(staging);
  const content = randomContent(threeParts);
  const others = Array.from({ length: 6 }, () => randomContent(9 * 1024 * 1024));
  const files = await Promise.all([content, ...others].map((each) => fileOf(staging, each)));
  const beforeBytes = process.memoryUsage().arrayBuffers;
  let mostBytes = 0;
  const watch = setInterval(() => {
    mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers - beforeBytes);
  }, 5);
  try {
    await Promise.all(
      [content, ...others].map(({ digest, bytes }, index) =>
        store.adopt(files[index] ?? "", digest, bytes.length),
      ),
    );
  } finally {
    clearInterval(watch);
  }
  assert.ok(mostBytes < 48 * 1024 * 1024, `${mostBytes}`);
  assert.deepEqual(await collect(await store.read(content.digest)), content.bytes);
});

async function uploadsInParts(): Promise<string[]> {
  const client = await createS3Client(bucket.settings);
  try {
    const { Uploads = [] } = await client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket.settings.bucket }),
    );
    return Uploads.map(({ Key = "" }) => Key);
  } finally {
    client.destroy();
  }
}

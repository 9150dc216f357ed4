import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { loadRegistry } from "@metacircular/testkit/registry-load.ts";
import { startTestRegistry } from "@metacircular/testkit/registry-server.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { openS3Store } from "../../blobs/s3-store.ts";
import { createTestBucket } from "./s3-bucket.ts";

test("a server keeps its layers in an object store, in less than 200 MB of memory", async (t) => {
  await using directory = await createTemporaryDirectory();
  await using bucket = await createTestBucket(join(directory.path, "s3"));
  const { settings } = bucket;
  const storage = `type = "s3"
[storage.s3]
endpoint = "${settings.endpoint}"
bucket = "${settings.bucket}"
prefix = "${settings.prefix}"
access_key_id_path = "${settings.accessKeyIdFile}"
secret_access_key_path = "${settings.secretAccessKeyFile}"
`;
  await using registry = await startTestRegistry({ storage });
  const load = await loadRegistry(
    registry,
    { layers: 4, layerBytes: 40 * 1024 * 1024 + 1, atOnce: 4 },
    (line) => t.diagnostic(line),
  );
  t.diagnostic(JSON.stringify(load));
  assert.ok(load.peakResidentMb < 200, `${load.peakResidentMb} MB`);
  await using store = await openS3Store({ ...settings, clock: systemClock });
  const sizes = (await Array.fromAsync(store.list())).map(({ sizeBytes }) => sizeBytes);
  assert.deepEqual(
    sizes,
    Array.from({ length: 4 }, () => 40 * 1024 * 1024 + 1),
  );
  assert.deepEqual(
    (await readdir(registry.storageDirectory)).filter((name) => name === "blobs"),
    [],
  );
});

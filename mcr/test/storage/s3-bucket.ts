import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { createTestSwift, type TestSwift } from "@metacircular/testkit/swift.ts";
import { createS3Client, type S3Settings } from "../../blobs/s3-client.ts";

/** A real store with S3's interface, and what is needed to use a new bucket of it. */
export interface TestBucket extends AsyncDisposable {
  readonly swift: TestSwift;
  readonly settings: S3Settings;
}

export async function createTestBucket(directory: string): Promise<TestBucket> {
  await mkdir(directory, { recursive: true });
  const swift = await createTestSwift(join(directory, "swift"));
  const settings: S3Settings = {
    endpoint: swift.endpoint,
    region: "us-east-1",
    bucket: `bucket-${randomBytes(4).toString("hex")}`,
    prefix: "registry",
    pathStyle: true,
    accessKeyIdFile: await secretFile(directory, "id", swift.accessKeyId),
    secretAccessKeyFile: await secretFile(directory, "secret", swift.secretAccessKey),
    caFile: undefined,
  };
  const client = await createS3Client(settings);
  await client.send(new CreateBucketCommand({ Bucket: settings.bucket }));
  client.destroy();
  return { swift, settings, [Symbol.asyncDispose]: () => swift[Symbol.asyncDispose]() };
}

export async function secretFile(directory: string, name: string, content: string): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, `${content}\n`, { mode: 0o600 });
  return file;
}

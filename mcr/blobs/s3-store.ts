import { constants } from "node:fs";
import { open, rm } from "node:fs/promises";
import { addAbortSignal, Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { algorithmOf, type Digest, hexOf, parseDigest } from "../digest.ts";
import type { BlobContent, BlobStore, ByteRange, StoredBlob } from "./blob-store.ts";
import { PartBuffers } from "./part-buffers.ts";
import { createS3Client, type S3Settings, until } from "./s3-client.ts";
import { isMissing, s3Failure } from "./s3-errors.ts";
import { giveUpLeftovers } from "./s3-leftovers.ts";
import { type S3Target, sendFile } from "./s3-multipart.ts";
import { blobMissing, storageFailure } from "./storage-errors.ts";

/** An upload in parts takes no longer; what is older was left by a crash. */
const leftoverAgeMs = 6 * 60 * 60 * 1000;
const leftoverIntervalMs = 60 * 60 * 1000;

export interface S3StoreOptions extends S3Settings {
  readonly clock: Clock;
}

/** Blobs as objects, `<prefix>/blobs/<algorithm>/<first two digits>/<digits>`. Every hour it gives up uploads in parts
 * that a crash left.
 * @throws DetailedError S3_SETTINGS_UNUSABLE, BLOB_STORE_UNAVAILABLE */
export async function openS3Store({ clock, ...settings }: S3StoreOptions): Promise<BlobStore> {
  const store = new S3Store(await createS3Client(settings), settings, clock);
  try {
    await store.check();
  } catch (thrown) {
    await store[Symbol.asyncDispose]();
    throw thrown;
  }
  store.watchLeftovers();
  return store;
}

class S3Store implements BlobStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #target: S3Target;
  readonly #over = new AbortController();
  #watch: Promise<void> = Promise.resolve();

  constructor(client: S3Client, { bucket, prefix }: S3Settings, clock: Clock) {
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = `${prefix}/blobs/`.replaceAll(/\/+/g, "/").replace(/^\//, "");
    this.#clock = clock;
    this.#target = { client, bucket, buffers: new PartBuffers(), inProgress: new Set() };
  }

  watchLeftovers(): void {
    this.#watch = this.#giveUpLeftovers().catch(() => {});
  }

  async stat(digest: Digest, signal?: AbortSignal): Promise<StoredBlob | undefined> {
    try {
      const object = { Bucket: this.#bucket, Key: this.#keyOf(digest) };
      const found = await this.#client.send(new HeadObjectCommand(object), until(signal));
      return { digest, sizeBytes: found.ContentLength ?? 0, storedAtMs: found.LastModified?.getTime() ?? 0 };
    } catch (thrown) {
      if (isMissing(thrown)) return undefined;
      throw s3Failure(`look up blob ${digest}`, this.#bucket, thrown, signal);
    }
  }

  async read(digest: Digest, range?: ByteRange, signal?: AbortSignal): Promise<BlobContent> {
    if (range !== undefined && range.start > range.end) return Readable.from([]);
    try {
      const command = new GetObjectCommand({
        Bucket: this.#bucket,
        Key: this.#keyOf(digest),
        ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` }),
      });
      const { Body } = await this.#client.send(command, until(signal));
      if (!(Body instanceof Readable)) throw new Error("the store answered without a body");
      return signal === undefined ? Body : addAbortSignal(signal, Body);
    } catch (thrown) {
      if (isMissing(thrown)) throw blobMissing(digest, thrown);
      throw s3Failure(`read blob ${digest}`, this.#bucket, thrown, signal);
    }
  }

  async adopt(file: string, digest: Digest, sizeBytes: number, signal?: AbortSignal): Promise<void> {
    const present = await this.stat(digest, signal);
    if (present?.sizeBytes !== sizeBytes) await this.#send(file, digest, sizeBytes, signal);
    try {
      await rm(file, { force: true });
    } catch (thrown) {
      throw storageFailure("remove the upload of blob", digest, thrown);
    }
  }

  async delete(digest: Digest, signal?: AbortSignal): Promise<void> {
    try {
      const object = { Bucket: this.#bucket, Key: this.#keyOf(digest) };
      await this.#client.send(new DeleteObjectCommand(object), until(signal));
    } catch (thrown) {
      if (!isMissing(thrown)) throw s3Failure(`delete blob ${digest}`, this.#bucket, thrown, signal);
    }
  }

  async *list(signal?: AbortSignal): AsyncGenerator<StoredBlob> {
    try {
      const all = { Bucket: this.#bucket, Prefix: this.#prefix };
      for await (const { Contents = [] } of paginateListObjectsV2({ client: this.#client }, all)) {
        for (const { Key = "", Size = 0, LastModified } of Contents) {
          signal?.throwIfAborted();
          const digest = digestOf(Key.slice(this.#prefix.length));
          if (digest !== undefined)
            yield { digest, sizeBytes: Size, storedAtMs: LastModified?.getTime() ?? 0 };
        }
      }
    } catch (thrown) {
      throw s3Failure("list blobs", this.#bucket, thrown, signal);
    }
  }

  async check(signal?: AbortSignal): Promise<void> {
    try {
      const one = { Bucket: this.#bucket, Prefix: this.#prefix, MaxKeys: 1 };
      await this.#client.send(new ListObjectsV2Command(one), until(signal));
    } catch (thrown) {
      throw s3Failure("use the blob store", this.#bucket, thrown, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#watch;
    this.#client.destroy();
  }

  async #send(
    file: string,
    digest: Digest,
    sizeBytes: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    try {
      await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
      const { size } = await handle.stat();
      if (size !== sizeBytes) throw new Error(`${file} has ${size} bytes, not ${sizeBytes}`);
      await sendFile(this.#target, this.#keyOf(digest), handle, sizeBytes, signal);
      const stored = await this.stat(digest, signal);
      if (stored?.sizeBytes !== sizeBytes) {
        throw new Error(`the store has ${stored?.sizeBytes ?? 0} bytes of ${sizeBytes}`);
      }
    } catch (thrown) {
      throw s3Failure(`store blob ${digest}`, this.#bucket, thrown, signal);
    }
  }

  async #giveUpLeftovers(): Promise<void> {
    const { signal } = this.#over;
    for (; !signal.aborted; await this.#clock.sleep(leftoverIntervalMs, signal)) {
      // A store that fails now is asked again in an hour; everything else says that it fails.
      await giveUpLeftovers(this.#target, this.#prefix, this.#clock.now() - leftoverAgeMs, signal).catch(
        () => {},
      );
    }
  }

  #keyOf(digest: Digest): string {
    const hex = hexOf(digest);
    return `${this.#prefix}${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}`;
  }
}

function digestOf(name: string): Digest | undefined {
  const [algorithm = "", , hex = ""] = name.split("/");
  return parseDigest(`${algorithm}:${hex}`);
}

import { collect } from "../storage/content.ts";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import type { BlobStore } from "../../blobs/blob-store.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import { type Digest, formatDigest } from "../../digest.ts";
import { createGarbageCollector, type GarbageCollector } from "../../gc/collector.ts";
import type { CollectorOptions } from "../../gc/collector-options.ts";
import type { ManifestReference, Metadata } from "../../metadata/metadata.ts";
import { createMetadata } from "../../metadata/store.ts";

export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

export const hashOf = (content: Uint8Array | string): Digest =>
  formatDigest("sha256", createHash("sha256").update(content).digest("hex"));

/** A registry without its HTTP: metadata, store and collector, and pushes that do what a client does. */
export interface World extends AsyncDisposable {
  readonly metadata: Metadata;
  readonly blobs: BlobStore;
  readonly collector: GarbageCollector;
  /** Puts content into a repository as an upload does. */
  pushBlob(repository: string, content: string): Promise<Digest>;
  /** Pushes an image: asks for each layer first, uploads those that are not there, then the manifest under the tag. */
  pushImage(repository: string, tag: string, layers: readonly string[]): Promise<Digest>;
  /** Takes the layer from another repository where that has it. @returns whether it did */
  mount(from: string, to: string, content: string): Promise<boolean>;
  /** Pulls all of it. @returns the contents of the layers, in order; throws where something is missing or wrong */
  pull(repository: string, tag: string): Promise<readonly string[]>;
}

export interface WorldOptions {
  readonly sql: SqlDatabase;
  /** Of blobs and uploads. */
  readonly directory: string;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly collector?: Partial<CollectorOptions>;
  /** Default: a file store of its own. */
  readonly blobs?: BlobStore;
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const { sql, directory, clock, leaseMs } = options;
  const uploads = join(directory, "uploads");
  await mkdir(uploads, { recursive: true, mode: 0o700 });
  const blobs = options.blobs ?? (await openFileStore({ directory: join(directory, "blobs"), clock }));
  const metadata = createMetadata({ sql, clock, leaseMs, deletionWaitMs: 20_000 });
  const collector = createGarbageCollector({
    ...{ sql, blobs, clock, leaseMs, logger: silent },
    graceMs: 0,
    rules: { requireMovable: () => undefined },
    retention: async () => [],
    ...options.collector,
  });

  async function pushBlob(repository: string, content: string): Promise<Digest> {
    const digest = hashOf(content);
    const size = Buffer.byteLength(content);
    const file = join(uploads, randomUUID());
    await writeFile(file, content);
    const lease = await metadata.leaseBlob(digest, size);
    await blobs.adopt(file, digest, size);
    await metadata.linkBlob(repository, lease);
    return digest;
  }

  async function pushImage(repository: string, tag: string, layers: readonly string[]): Promise<Digest> {
    const references: ManifestReference[] = [];
    for (const layer of layers) {
      const digest = hashOf(layer);
      const held = await metadata.blob(repository, digest, { forPush: true });
      if (held === undefined) await pushBlob(repository, layer);
      references.push({ kind: "blob", digest, sizeBytes: Buffer.byteLength(layer), mediaType: "layer" });
    }
    const content = new TextEncoder().encode(JSON.stringify(references.map(({ digest }) => digest)));
    const digest = hashOf(content);
    await metadata.putManifest({
      ...{ repository, digest, content, references },
      ...{
        mediaType: "manifest",
        subject: undefined,
        artifactType: "",
        annotations: {},
        tags: [tag],
        by: "test",
      },
    });
    return digest;
  }

  return {
    ...{ metadata, blobs, collector, pushBlob, pushImage },
    async mount(from, to, content) {
      const digest = hashOf(content);
      const held = await metadata.blob(from, digest);
      if (held === undefined) return false;
      const lease = await metadata.leaseBlob(digest, held.sizeBytes);
      if (!lease.isStored) return false;
      await metadata.linkBlob(to, lease);
      return true;
    },
    async pull(repository, tag) {
      const manifest = await metadata.manifest(repository, { tag });
      if (manifest === undefined) throw new Error(`${repository}:${tag} is gone`);
      const contents: string[] = [];
      for (const { digest } of await metadata.references(repository, manifest.digest)) {
        if ((await metadata.blob(repository, digest)) === undefined) {
          throw new Error(`${repository} does not hold ${digest}`);
        }
        const content = await collect(await blobs.read(digest));
        if (hashOf(content) !== digest) throw new Error(`${digest} is damaged`);
        contents.push(content.toString());
      }
      return contents;
    },
    [Symbol.asyncDispose]: () => collector[Symbol.asyncDispose](),
  };
}

/** Sleeps until it is woken: a run that waits with it gives no sign of life. */
export async function deafSleep(_durationMs: number, signal?: AbortSignal): Promise<void> {
  if (signal === undefined) throw new TypeError("nobody could wake it");
  if (!signal.aborted) await once(signal, "abort");
  signal.throwIfAborted();
}

export async function emptyStore(blobs: BlobStore): Promise<void> {
  for (const digest of await stored(blobs)) await blobs.delete(digest);
}

/** All digests that the store has. */
export async function stored(blobs: BlobStore): Promise<Digest[]> {
  const digests: Digest[] = [];
  for await (const { digest } of blobs.list()) digests.push(digest);
  return digests.toSorted();
}

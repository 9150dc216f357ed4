import type { Readable } from "node:stream";
import type { BlobContent, ByteRange } from "../blobs/blob-store.ts";
import type { ExpectedChunk, Upload, UploadStore } from "../blobs/upload-store.ts";
import type { Digest, DigestAlgorithm } from "../digest.ts";
import type { PageRequest, Referrer, StoredManifest } from "../metadata/metadata.ts";
import { appendUpload } from "./append-upload.ts";
import { completeUpload } from "./complete-upload.ts";
import { blobUnknown, manifestUnknown, repositoryUnknown } from "./errors.ts";
import { isInStore } from "./is-in-store.ts";
import { mountBlob } from "./mount-blob.ts";
import type { RegistryParts } from "./parts.ts";
import { type PushedManifest, type PushRequest, pushManifest } from "./push-manifest.ts";

/** What can be done with content, whoever asks and by whatever protocol; who may is judged before. Names, digests and tags
 * are checked already. */
export interface Registry {
  /** @param forPush whether a push may follow that counts on the blob being there: then the store is asked as well
   * @throws DetailedError BLOB_UNKNOWN */
  blob(repository: string, digest: Digest, forPush: boolean): Promise<{ readonly sizeBytes: number }>;
  /** @throws DetailedError BLOB_MISSING, BLOB_STORE_UNAVAILABLE */
  readBlob(digest: Digest, range: ByteRange | undefined, signal: AbortSignal): Promise<BlobContent>;
  /** @throws DetailedError BLOB_UNKNOWN, BLOB_IN_USE, TAG_IMMUTABLE where an image needs it whose tag must stay */
  deleteBlob(repository: string, digest: Digest, options?: DeleteOptions): Promise<void>;

  readonly uploads: UploadStore;
  beginUpload(repository: string, algorithm: DigestAlgorithm): Promise<Upload>;
  /** As `UploadStore.append`. @throws DetailedError also QUOTA_EXCEEDED where no such blob can be in the repository */
  appendUpload(upload: Upload, source: Readable, expected: ExpectedChunk): Promise<Upload>;
  /** Makes a blob of the repository of an upload.
   * @throws DetailedError DIGEST_MISMATCH, QUOTA_EXCEEDED, BLOB_LEASE_LOST, and those of the stores */
  completeUpload(upload: Upload, digest: Digest, signal: AbortSignal): Promise<void>;
  /** Lets the repository hold a blob of another one. @returns whether that one has it
   * @throws DetailedError QUOTA_EXCEEDED */
  mountBlob(from: string, to: string, digest: Digest): Promise<boolean>;
  /** Repositories that hold a blob, in lexical order. */
  holders(digest: Digest, page: PageRequest): Promise<readonly string[]>;

  /** @throws DetailedError MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, DIGEST_MISMATCH, TAG_IMMUTABLE, QUOTA_EXCEEDED */
  pushManifest(push: PushRequest): Promise<PushedManifest>;
  /** @throws DetailedError MANIFEST_UNKNOWN */
  manifest(repository: string, reference: Reference): Promise<StoredManifest>;
  /** Removes it with its tags. @returns these
   * @throws DetailedError MANIFEST_UNKNOWN, MANIFEST_IN_USE, TAG_IMMUTABLE */
  deleteManifest(repository: string, digest: Digest, options?: DeleteOptions): Promise<readonly string[]>;
  /** The manifest stays. @returns what the tag stood for
   * @throws DetailedError MANIFEST_UNKNOWN, TAG_IMMUTABLE */
  deleteTag(repository: string, tag: string): Promise<Digest>;

  /** @throws DetailedError REPOSITORY_UNKNOWN */
  tags(repository: string, page: PageRequest): Promise<readonly string[]>;
  /** None where there is no such repository. A page may be shorter than was asked for; only an empty one is the end. */
  referrers(
    repository: string,
    subject: Digest,
    filter: PageRequest & { readonly artifactType?: string },
  ): Promise<readonly Referrer[]>;
  repositories(page: PageRequest): Promise<readonly string[]>;
}

export interface DeleteOptions {
  /** Whether it goes although an image or an index needs it; not where a rule keeps a tag of these. Default: no. */
  readonly evenIfInUse?: boolean;
}

export type Reference = Digest | { readonly tag: string };

export function createRegistry(parts: RegistryParts): Registry {
  const { metadata, blobs, uploads, rules } = parts;
  const mayDelete =
    (repository: string) =>
    (tag: string, from: Digest): void =>
      rules.requireMovable(repository, tag, { from });
  return {
    async blob(repository, digest, forPush) {
      const held = await metadata.blob(repository, digest, { forPush });
      if (held === undefined) throw blobUnknown(repository, digest);
      if (forPush && !(await isInStore(blobs, digest, held.sizeBytes))) throw blobUnknown(repository, digest);
      return held;
    },
    readBlob: (digest, range, signal) => blobs.read(digest, range, signal),
    async deleteBlob(repository, digest, options) {
      const deletion = { ...options, mayDelete: mayDelete(repository) };
      if (!(await metadata.unlinkBlob(repository, digest, deletion))) throw blobUnknown(repository, digest);
    },

    uploads,
    beginUpload: (repository, algorithm) => uploads.begin(repository, algorithm),
    appendUpload: (upload, source, expected) => appendUpload(parts, upload, source, expected),
    completeUpload: (upload, digest, signal) => completeUpload(parts, upload, digest, signal),
    mountBlob: (from, to, digest) => mountBlob(parts, from, to, digest),
    holders: (digest, page) => metadata.holders(digest, page),

    pushManifest: (push) => pushManifest(parts, push),
    async manifest(repository, reference) {
      const found = await metadata.manifest(repository, reference);
      if (found === undefined) throw manifestUnknown(repository, nameOf(reference));
      return found;
    },
    async deleteManifest(repository, digest, options) {
      const deletion = { ...options, mayDelete: mayDelete(repository) };
      const tags = await metadata.deleteManifest(repository, digest, deletion);
      if (tags === undefined) throw manifestUnknown(repository, digest);
      return tags;
    },
    async deleteTag(repository, tag) {
      const found = await metadata.manifest(repository, { tag });
      if (found === undefined) throw manifestUnknown(repository, tag);
      rules.requireMovable(repository, tag, { from: found.digest });
      const deleted = await metadata.deleteTag(repository, tag);
      if (deleted === undefined) throw manifestUnknown(repository, tag);
      return deleted;
    },

    async tags(repository, page) {
      const tags = await metadata.tags(repository, page);
      if (tags === undefined) throw repositoryUnknown(repository);
      return tags.map(({ name }) => name);
    },
    referrers: (repository, subject, filter) => metadata.referrers(repository, subject, filter),
    repositories: (page) => metadata.repositories(page),
  };
}

function nameOf(reference: Reference): string {
  return typeof reference === "string" ? reference : reference.tag;
}

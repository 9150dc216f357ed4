import type { Digest } from "../digest.ts";

/** A manifest or index as it was pushed. */
export interface StoredManifest {
  readonly repository: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** Byte for byte as it came. */
  readonly content: Uint8Array;
  readonly pushedAtMs: number;
  readonly pushedBy: string;
}

/** What a manifest points to. */
export interface ManifestReference {
  readonly kind: "blob" | "manifest";
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly mediaType: string;
}

export interface ManifestPush {
  readonly repository: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly content: Uint8Array;
  readonly references: readonly ManifestReference[];
  /** Of an artifact about another manifest, which need not be there. */
  readonly subject: Digest | undefined;
  /** Empty: it has none. For an image manifest without one, the media type of its configuration. */
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Undefined: pushed by digest. */
  readonly tag: string | undefined;
  readonly by: string;
  /** Judges the tag that exists; throws where it must not move. Called inside the transaction. */
  readonly mayMove?: (tag: string, from: Digest, to: Digest) => void;
  /** Of the repository; undefined: unlimited. */
  readonly quotaBytes?: number | undefined;
}

export interface Tag {
  readonly name: string;
  readonly digest: Digest;
  readonly updatedAtMs: number;
  readonly updatedBy: string;
}

/** One descriptor of the answer to a referrers query. */
export interface Referrer {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RepositorySummary {
  readonly name: string;
  readonly tags: number;
  readonly manifests: number;
  /** Of distinct blobs and manifests. */
  readonly sizeBytes: number;
  readonly lastPushAtMs: number;
  /** 0: never, or longer ago than is recorded. */
  readonly lastPullAtMs: number;
}

/** A page of names or items in lexical order, from after `after`. */
export interface PageRequest {
  readonly after: string;
  readonly limit: number;
}

/** What the registry knows of its content. Each method is one transaction: all of it or nothing, durable when it
 * resolves. Repositories exist as soon as something is pushed to them. */
export interface Metadata {
  /** Blobs that the repository holds. Being asked for renews the lease of a blob that nothing refers to yet. */
  blob(repository: string, digest: Digest): Promise<{ sizeBytes: number } | undefined>;
  /** Keeps garbage collection away from a blob that is about to be stored or linked. First step of every push of a
   * blob; waits while the blob is being deleted. */
  leaseBlob(digest: Digest, sizeBytes: number): Promise<void>;
  /** The blob is in the store and the repository holds it from now on.
   * @throws DetailedError QUOTA_EXCEEDED */
  linkBlob(repository: string, digest: Digest, sizeBytes: number, quotaBytes?: number): Promise<void>;
  /** Returns whether it was there. Other repositories keep it.
   * @throws DetailedError BLOB_IN_USE where a manifest of the repository refers to it */
  unlinkBlob(repository: string, digest: Digest): Promise<boolean>;

  /** @throws DetailedError MANIFEST_BLOB_UNKNOWN with the missing digests as facts, QUOTA_EXCEEDED, and what `mayMove`
   * throws
   * @returns what the tag stood for before; undefined: it is new, or there is none */
  putManifest(
    push: ManifestPush,
  ): Promise<{ readonly previous: Digest | undefined; readonly created: boolean }>;
  manifest(
    repository: string,
    reference: Digest | { readonly tag: string },
  ): Promise<StoredManifest | undefined>;
  /** Removes it with its tags. @returns the tags that went; undefined: there was none.
   * @throws DetailedError MANIFEST_IN_USE where an index of the repository refers to it; what `mayMove` throws */
  deleteManifest(
    repository: string,
    digest: Digest,
    mayDelete?: (tag: string) => void,
  ): Promise<readonly string[] | undefined>;
  /** @returns what it stood for; undefined: there was none */
  deleteTag(repository: string, tag: string): Promise<Digest | undefined>;

  /** Undefined: there is no such repository. */
  tags(repository: string, page: PageRequest): Promise<readonly Tag[] | undefined>;
  /** Tags that stand for the manifest. */
  tagsOf(repository: string, digest: Digest): Promise<readonly string[]>;
  /** By digest, from after `after`. */
  referrers(
    repository: string,
    subject: Digest,
    filter: PageRequest & { readonly artifactType?: string },
  ): Promise<readonly Referrer[]>;
  references(repository: string, digest: Digest): Promise<readonly ManifestReference[]>;

  repositories(page: PageRequest): Promise<readonly string[]>;
  repository(name: string): Promise<RepositorySummary | undefined>;
  summaries(page: PageRequest): Promise<readonly RepositorySummary[]>;
  /** Removes everything that it holds. @returns whether it was there */
  deleteRepository(name: string, mayDelete?: (tag: string) => void): Promise<boolean>;
}

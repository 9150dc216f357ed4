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

/** What a manifest may point to that is not there: nothing; the manifests of an index (a sparse index); or blobs as well. */
export type MissingContent = "nothing" | "manifests" | "anything";

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
  /** What shall stand for it from now on. Empty: pushed by digest alone. */
  readonly tags: readonly string[];
  readonly by: string;
  /** Judges a tag that exists and stands for something else; throws where it must not move. Called inside the transaction. */
  readonly mayMove?: (tag: string, from: Digest, to: Digest) => void;
  /** Of the repository; undefined: unlimited. */
  readonly quotaBytes?: number | undefined;
  /** What of it the repository may lack. Default: nothing. */
  readonly mayLack?: MissingContent;
}

/** Keeps garbage collection away from a blob for a while. Made by `leaseBlob`. */
export interface BlobLease {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Changes whenever the blob was collected in between. */
  readonly generation: string;
  /** Whether the blob is in the store for certain: a mount needs no more than the link. */
  readonly isStored: boolean;
}

/** A manifest was pulled, by its digest or by a tag. */
export interface Pull {
  readonly repository: string;
  readonly digest: Digest;
  /** Undefined: by digest. */
  readonly tag: string | undefined;
  readonly atMs: number;
}

export interface Deletion {
  /** Also what a manifest or an index of the repository refers to, which is then incomplete. Default: no. */
  readonly evenIfInUse?: boolean;
  /** Judges each tag that goes, or whose image would be incomplete; throws where it must stay as it is. Called inside the
   * transaction. */
  readonly mayDelete?: (tag: string, digest: Digest) => void;
}

export interface Totals {
  readonly repositories: number;
  readonly manifests: number;
  readonly tags: number;
  /** In the store, each once. */
  readonly blobs: number;
  readonly blobBytes: number;
}

export interface Tag {
  readonly name: string;
  readonly digest: Digest;
  readonly updatedAtMs: number;
  readonly updatedBy: string;
  /** By this tag. 0: never, or longer ago than is recorded. */
  readonly lastPullAtMs: number;
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
  /** Blobs that the repository holds. Being asked for renews the lease of a blob that nothing refers to yet, and, where a
   * push may follow that counts on the blob (`forPush`), of any. */
  blob(
    repository: string,
    digest: Digest,
    options?: { readonly forPush?: boolean },
  ): Promise<{ sizeBytes: number } | undefined>;
  /** Keeps garbage collection away from a blob that is about to be stored or linked. First step of every push or mount of
   * a blob; waits while the blob is being deleted.
   * @throws DetailedError BLOB_BEING_DELETED where that takes too long; trying again later helps */
  leaseBlob(digest: Digest, sizeBytes: number, signal?: AbortSignal): Promise<BlobLease>;
  /** Whether the repository holds the blob, or has room for it as it is now.
   * @throws DetailedError QUOTA_EXCEEDED */
  requireRoom(
    repository: string,
    blob: { readonly digest: Digest; readonly sizeBytes: number },
    quotaBytes: number,
  ): Promise<void>;
  /** The blob is in the store, put there under this lease or before, and the repository holds it from now on.
   * @throws DetailedError QUOTA_EXCEEDED; BLOB_LEASE_LOST where the lease was over and the blob was collected: it must be pushed
   * again */
  linkBlob(repository: string, lease: BlobLease, quotaBytes?: number): Promise<void>;
  /** Returns whether it was there. Other repositories keep it.
   * @throws DetailedError BLOB_IN_USE where a manifest of the repository refers to it; what `mayDelete` throws */
  unlinkBlob(repository: string, digest: Digest, options?: Deletion): Promise<boolean>;
  /** Names of the repositories that hold the blob. */
  holders(digest: Digest, page: PageRequest): Promise<readonly string[]>;

  /** @throws DetailedError MANIFEST_BLOB_UNKNOWN with the missing digests as facts (blobs, and manifests of an index),
   * QUOTA_EXCEEDED, and what `mayMove` throws
   * @returns what the tags that existed stood for before, and whether the manifest is new to the repository */
  putManifest(
    push: ManifestPush,
  ): Promise<{ readonly previous: ReadonlyMap<string, Digest>; readonly created: boolean }>;
  manifest(
    repository: string,
    reference: Digest | { readonly tag: string },
  ): Promise<StoredManifest | undefined>;
  /** Removes it with its tags. @returns the tags that went; undefined: there was none.
   * @throws DetailedError MANIFEST_IN_USE where an index of the repository refers to it; what `mayDelete` throws */
  deleteManifest(
    repository: string,
    digest: Digest,
    options?: Deletion,
  ): Promise<readonly string[] | undefined>;
  /** @returns what it stood for; undefined: there was none */
  deleteTag(repository: string, tag: string): Promise<Digest | undefined>;

  /** Undefined: there is no such repository. */
  tags(repository: string, page: PageRequest): Promise<readonly Tag[] | undefined>;
  /** Tags that stand for the manifest. */
  tagsOf(repository: string, digest: Digest): Promise<readonly string[]>;
  /** By digest, from after `after`. A page may be shorter than was asked for; only an empty one is the end. */
  referrers(
    repository: string,
    subject: Digest,
    filter: PageRequest & { readonly artifactType?: string },
  ): Promise<readonly Referrer[]>;
  references(repository: string, digest: Digest): Promise<readonly ManifestReference[]>;
  /** Indexes of the repository that name the manifest, by digest. */
  includedBy(repository: string, digest: Digest, limit: number): Promise<readonly Digest[]>;

  repositories(page: PageRequest): Promise<readonly string[]>;
  repository(name: string): Promise<RepositorySummary | undefined>;
  summaries(page: PageRequest): Promise<readonly RepositorySummary[]>;
  /** Removes everything that it holds. @returns whether it was there */
  deleteRepository(name: string, mayDelete?: (tag: string, digest: Digest) => void): Promise<boolean>;

  /** Notes when manifests, tags and repositories were pulled last; what is not there any more is passed over. */
  recordPulls(pulls: readonly Pull[]): Promise<void>;
  totals(): Promise<Totals>;
}

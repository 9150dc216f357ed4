import type { Caller, Grants } from "../access/access.ts";
import type { AuditFilter, StoredEntry } from "../audit/audit-store.ts";
import type { AccountPulls } from "../audit/pull-store.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import type { GarbageCollector } from "../gc/collector.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { Rules } from "../policy/rules.ts";
import type { Descriptor } from "../manifest/shown-manifest.ts";
import type { Registry } from "../registry/registry.ts";

/** What the pages read and change. */
export interface Sources {
  readonly metadata: Pick<
    Metadata,
    | "blob"
    | "summaries"
    | "repository"
    | "tags"
    | "tagsOf"
    | "manifest"
    | "referrers"
    | "includedBy"
    | "deleteRepository"
  >;
  readonly registry: Pick<Registry, "deleteTag" | "deleteManifest">;
  readonly blobs: Pick<BlobStore, "read">;
  readonly rules: Pick<Rules, "requireMovable" | "quotaBytes" | "list" | "explain" | "book">;
  /** What an account may do; the same judgement as for the distribution API. */
  readonly grantsOf: (caller: Caller) => Grants;
  /** Newest first. */
  readonly auditStore: { list(filter: AuditFilter, limit: number): Promise<readonly StoredEntry[]> };
  readonly pulls: {
    /** Newest first. */
    list(repository: string, limit: number): Promise<readonly AccountPulls[]>;
    listOf(repository: string, digest: string, limit: number): Promise<readonly AccountPulls[]>;
  };
  readonly collection: Pick<GarbageCollector, "runs" | "items" | "start">;
  readonly platforms: {
    /** Of an image, by its configuration. Empty: it cannot be known. @throws DetailedError BLOB_STORE_UNAVAILABLE */
    platformOf(repository: string, config: Descriptor): Promise<string>;
  };
}

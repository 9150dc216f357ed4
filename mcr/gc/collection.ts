import type { RepositoryRules } from "../policy/tag-rules.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import type { Digest } from "../digest.ts";
import type { DeletionSite } from "./blob-deletion.ts";
import type { RetentionRule } from "../policy/retention-rule.ts";
import type { GcItem } from "./run.ts";

/** What all steps of one run share. */
export interface Collection extends DeletionSite {
  readonly blobs: BlobStore;
  readonly leaseMs: number;
  /** For how long the database must have known of a blob in the store that it does not hold it. */
  readonly graceMs: number;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Rules about tags that must not go. */
  readonly rules: Pick<RepositoryRules, "requireMovable">;
  /** Counts and writes down what went, or would go. */
  removed(items: readonly GcItem[]): Promise<void>;
  /** So many blobs in the store are unknown to the database, and stay for now. */
  strayed(count: number): void;
  /** Something failed that the rest of the run does not depend on. */
  failed(error: unknown): void;
}

/** A repository while a run looks at it, with what went from it, or would go. */
export interface CollectedRepository {
  readonly id: number;
  readonly name: string;
  readonly rule: RetentionRule | undefined;
  readonly gone: { readonly tags: Set<string>; readonly manifests: Set<Digest>; readonly atMs: number };
}

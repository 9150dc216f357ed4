export type GcState = "running" | "succeeded" | "failed" | "cancelled" | "interrupted";

/** What a run removed, or in a dry run would remove. */
export interface GcCounts {
  readonly tags: number;
  readonly manifests: number;
  /** Blobs that a repository does not hold any more; others may. */
  readonly links: number;
  /** Blobs that left the store. */
  readonly blobs: number;
  /** Of these blobs. */
  readonly bytes: number;
  /** Blobs that repositories hold and the store lacks: damage, which is never mended by forgetting it. */
  readonly missingBlobs: number;
}

/** One run of garbage collection. */
export interface GcRun extends GcCounts {
  readonly id: number;
  /** Account, or `schedule`. */
  readonly by: string;
  readonly dryRun: boolean;
  /** `interrupted`: its process ended first. What it left half-done the next run ends. */
  readonly state: GcState;
  readonly startedAtMs: number;
  /** 0: it runs. */
  readonly endedAtMs: number;
  /** Empty: none. */
  readonly error: string;
}

export const nothing: GcCounts = { tags: 0, manifests: 0, links: 0, blobs: 0, bytes: 0, missingBlobs: 0 };

/** A single thing that went, or would go. */
export interface GcItem {
  readonly kind: "tag" | "manifest" | "link" | "blob" | "missing-blob";
  /** Empty: of blobs, which belong to none. */
  readonly repository: string;
  /** Tag or digest. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** What counts for an item in the run's sums. */
export function countsOf({ kind, sizeBytes }: GcItem): Partial<GcCounts> {
  switch (kind) {
    case "tag":
      return { tags: 1 };
    case "manifest":
      return { manifests: 1 };
    case "link":
      return { links: 1 };
    case "blob":
      return { blobs: 1, bytes: sizeBytes };
    case "missing-blob":
      return { missingBlobs: 1 };
  }
}

export function addCounts(counts: GcCounts, more: Partial<GcCounts>): GcCounts {
  return {
    tags: counts.tags + (more.tags ?? 0),
    manifests: counts.manifests + (more.manifests ?? 0),
    links: counts.links + (more.links ?? 0),
    blobs: counts.blobs + (more.blobs ?? 0),
    bytes: counts.bytes + (more.bytes ?? 0),
    missingBlobs: counts.missingBlobs + (more.missingBlobs ?? 0),
  };
}

import { createHash } from "node:crypto";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { type Digest, formatDigest } from "../../digest.ts";
import type { ManifestPush, ManifestReference, Metadata } from "../../metadata/metadata.ts";

/** Digest of a text, for content that nobody looks at. */
export function digest(text: string): Digest {
  return formatDigest("sha256", createHash("sha256").update(text).digest("hex"));
}

export const sizeBytes = 100;

export const aBlob = (text: string): ManifestReference => ({
  kind: "blob",
  digest: digest(text),
  sizeBytes,
  mediaType: "application/layer",
});

export const aChild = (text: string): ManifestReference => ({
  ...aBlob(text),
  kind: "manifest",
  mediaType: "application/manifest",
});

/** A manifest whose digest is that of its name. */
export function aManifest(name: string, changes: Partial<ManifestPush> = {}): ManifestPush {
  return {
    repository: "team/app",
    digest: digest(name),
    mediaType: "application/manifest",
    content: new TextEncoder().encode(name),
    references: [],
    subject: undefined,
    artifactType: "",
    annotations: {},
    tags: [],
    by: "alice",
    ...changes,
  };
}

/** As a push does, but for the file. */
export async function holdBlob(
  metadata: Metadata,
  repository: string,
  text: string,
  quotaBytes?: number,
): Promise<Digest> {
  const lease = await metadata.leaseBlob(digest(text), sizeBytes);
  await metadata.linkBlob(repository, lease, quotaBytes);
  return lease.digest;
}

/** A clock that goes on when it is told to, or somebody sleeps. */
export interface HandClock extends Clock {
  forward(durationMs: number): void;
}

export function handClock(): HandClock {
  let nowMs = 1_700_000_000_000;
  return {
    now: () => nowMs,
    async sleep(durationMs, signal) {
      signal?.throwIfAborted();
      nowMs += durationMs;
      // Whoever is waited for needs some time of his own.
      await new Promise((resolve) => setTimeout(resolve, 20));
    },
    forward: (durationMs) => void (nowMs += durationMs),
  };
}

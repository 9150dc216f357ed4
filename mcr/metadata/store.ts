import { randomUUID } from "node:crypto";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import { blobHolders, heldBlob, linkBlob, renewLink, unlinkBlob } from "./blobs.ts";
import { leaseBlob } from "./lease.ts";
import { deleteManifest, findManifest, includedBy, manifestReferences, putManifest } from "./manifests.ts";
import type { Metadata } from "./metadata.ts";
import { recordPulls } from "./pulls.ts";
import { referrerPage } from "./referrers.ts";
import {
  deleteRepository,
  findRepository,
  repositoryNames,
  repositorySummaries,
  repositorySummary,
  requireQuota,
} from "./repositories.ts";
import { deleteTag, tagPage, tagsOf } from "./tags.ts";
import { totals } from "./totals.ts";

export interface MetadataOptions {
  readonly sql: SqlDatabase;
  readonly clock: Clock;
  /** How long garbage collection keeps away from a blob that nothing refers to, after each use. Default: 1 h. */
  readonly leaseMs?: number;
  /** How long a push waits for the deletion of its blob. Default: 65 s, which is longer than one takes whose process died. */
  readonly deletionWaitMs?: number;
  readonly newGeneration?: () => string;
}

/** The registry's metadata in a database that has `migrations`. */
export function createMetadata(options: MetadataOptions): Metadata {
  const { sql, clock, leaseMs = 3_600_000 } = options;
  const leases = {
    sql,
    clock,
    leaseMs,
    waitMs: options.deletionWaitMs ?? 65_000,
    newGeneration: options.newGeneration ?? randomUUID,
  };
  return {
    async blob(repository, digest, { forPush = false } = {}) {
      const held = await heldBlob(sql, repository, digest);
      if (held === undefined) return undefined;
      const nowMs = clock.now();
      const isNeeded = forPush || !held.isReferred;
      // Not at each request: half of the lease is enough to finish a push.
      if (isNeeded && held.leasedUntilMs < nowMs + leaseMs / 2) {
        const there = await sql.transaction((tx) =>
          renewLink(tx, held.repositoryId, digest, nowMs + leaseMs),
        );
        if (!there) return undefined;
      }
      return { sizeBytes: held.sizeBytes };
    },
    leaseBlob: (digest, sizeBytes, signal) => leaseBlob(leases, digest, sizeBytes, signal),
    async requireRoom(repository, { digest, sizeBytes }, quotaBytes) {
      if ((await heldBlob(sql, repository, digest)) !== undefined) return;
      const held = (await findRepository(sql, repository)) ?? { id: 0, sizeBytes: 0 };
      requireQuota(repository, held, sizeBytes, quotaBytes);
    },
    linkBlob: (repository, lease, quotaBytes) => {
      const nowMs = clock.now();
      const times = { nowMs, untilMs: nowMs + leaseMs };
      return sql.transaction((tx) => linkBlob(tx, repository, lease, { ...times, quotaBytes }));
    },
    unlinkBlob: (repository, digest, options) =>
      sql.transaction((tx) => unlinkBlob(tx, repository, digest, options)),
    holders: (digest, page) => blobHolders(sql, digest, page),

    putManifest: (push) => sql.transaction((tx) => putManifest(tx, push, clock.now())),
    manifest: (repository, reference) => findManifest(sql, repository, reference),
    deleteManifest: (repository, digest, options) =>
      sql.transaction((tx) => deleteManifest(tx, repository, digest, { ...options, nowMs: clock.now() })),
    deleteTag: (repository, tag) => sql.transaction((tx) => deleteTag(tx, repository, tag, clock.now())),

    tags: (repository, page) => tagPage(sql, repository, page),
    tagsOf: (repository, digest) => tagsOf(sql, repository, digest),
    referrers: (repository, subject, filter) => referrerPage(sql, repository, subject, filter),
    references: (repository, digest) => manifestReferences(sql, repository, digest),
    includedBy: (repository, digest, limit) => includedBy(sql, repository, digest, limit),

    repositories: (page) => repositoryNames(sql, page),
    repository: (name) => repositorySummary(sql, name),
    summaries: (page) => repositorySummaries(sql, page),
    deleteRepository: (name, mayDelete) => sql.transaction((tx) => deleteRepository(tx, name, mayDelete)),

    recordPulls: (pulls) => sql.transaction((tx) => recordPulls(tx, pulls)),
    totals: () => totals(sql),
  };
}

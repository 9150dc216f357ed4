import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import type { Caller } from "../access/access.ts";
import type { Audit } from "../audit/audit.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import type { RepositoryRules } from "../policy/tag-rules.ts";
import type { RetentionRule } from "../policy/retention-rule.ts";

export interface CollectorOptions {
  readonly sql: SqlDatabase;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly audit?: Audit;
  /** All rules about retention as they are now. */
  readonly retention: () => Promise<readonly RetentionRule[]>;
  readonly rules: Pick<RepositoryRules, "requireMovable">;
  /** As `createMetadata` has it. */
  readonly leaseMs: number;
  /** For how long runs must have seen a blob in the store that the database does not know. Default: 24 h. */
  readonly graceMs?: number;
  /** How long deleting one blob may take; pushes of the same blob wait for it. Default: 60 s. */
  readonly deletionMs?: number;
  /** After how long without a sign of life another run may begin. Default: 60 s. */
  readonly turnMs?: number;
}

export interface CollectionRequest {
  /** Says what would go, and changes nothing. */
  readonly dryRun: boolean;
  /** Account, or `schedule`. */
  readonly by: string;
  /** Of account. Default: `system`. */
  readonly kind?: Caller["kind"];
}

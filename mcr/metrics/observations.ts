import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { HealthCheck } from "@metacircular/mcdsl/health/health.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { gauge, type MetricFamily } from "@metacircular/mcdsl/metrics/exposition.ts";
import type { GarbageCollector } from "../gc/collector.ts";
import type { GcRun } from "../gc/run.ts";
import type { Metadata, Totals } from "../metadata/metadata.ts";

export interface Observed {
  readonly metadata: Pick<Metadata, "totals">;
  readonly uploads: { readonly count: number };
  readonly collector: Pick<GarbageCollector, "runs">;
  readonly checks: { readonly database: HealthCheck; readonly storage: HealthCheck };
  readonly clock: Clock;
  readonly logger: Logger;
}

const everyMs = 15_000;
const checkTimeoutMs = 10_000;
const recentRuns = 20;

const nothing: Totals = { repositories: 0, manifests: 0, tags: 0, blobs: 0, blobBytes: 0 };

/** What the registry holds and whether its stores work, looked at now and then, so that who reads the metrics costs the
 * database nothing. */
export class Observations {
  readonly #parts: Observed;
  #totals: Totals = nothing;
  /** The last that ended and was no dry run. */
  #collection: GcRun | undefined;
  #up = { database: false, storage: false };

  constructor(parts: Observed) {
    this.#parts = parts;
  }

  /** Looks now and every 15 s until the signal aborts. */
  async run(stopping: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      await this.look(stopping);
      await this.#parts.clock.sleep(everyMs, stopping).catch(() => undefined);
    }
  }

  async look(stopping: AbortSignal): Promise<void> {
    const { metadata, collector, checks, logger } = this.#parts;
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(checkTimeoutMs)]);
    const works = async (
      name: "database" | "storage",
      check: () => void | Promise<void>,
    ): Promise<boolean> => {
      try {
        await check();
        if (!this.#up[name]) logger.info({ store: name }, "the store works");
        return true;
      } catch (error) {
        if (!stopping.aborted) logger.error({ error, store: name }, "the store does not work");
        return false;
      }
    };
    const [database, storage] = await Promise.all([
      works("database", async () => {
        await checks.database(signal);
        this.#totals = await metadata.totals();
        const runs = await collector.runs(recentRuns);
        this.#collection = runs.find(({ dryRun, endedAtMs }) => !dryRun && endedAtMs > 0);
      }),
      works("storage", () => checks.storage(signal)),
    ]);
    this.#up = { database, storage };
  }

  families(): MetricFamily[] {
    const { repositories, manifests, tags, blobs, blobBytes } = this.#totals;
    return [
      gauge("mcr_database_up", "Whether the database works.", Number(this.#up.database)),
      gauge("mcr_storage_up", "Whether the storage of blobs works.", Number(this.#up.storage)),
      gauge("mcr_uploads_in_progress", "Uploads that are begun and not finished.", this.#parts.uploads.count),
      gauge("mcr_repositories", "Repositories.", repositories),
      gauge("mcr_manifests", "Manifests of all repositories.", manifests),
      gauge("mcr_tags", "Tags of all repositories.", tags),
      gauge("mcr_blobs", "Blobs in the storage, each once.", blobs),
      gauge("mcr_blob_bytes", "Size of the blobs in the storage.", blobBytes),
      ...(this.#collection === undefined ? [] : collectionFamilies(this.#collection)),
    ];
  }
}

function collectionFamilies({ endedAtMs, state, bytes, missingBlobs }: GcRun): MetricFamily[] {
  const name = "mcr_garbage_collection";
  return [
    gauge(
      `${name}_end_timestamp_seconds`,
      "When the last run of garbage collection ended.",
      endedAtMs / 1_000,
    ),
    gauge(`${name}_succeeded`, "Whether the last run succeeded.", Number(state === "succeeded")),
    gauge(`${name}_freed_bytes`, "What the last run freed in the storage.", bytes),
    gauge(
      `${name}_missing_blobs`,
      "Blobs that repositories hold and the storage does not have, as the last run found.",
      missingBlobs,
    ),
  ];
}

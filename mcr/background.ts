import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { keepAuditWithin } from "./audit/retention.ts";
import type { Config } from "./config.ts";
import type { Core } from "./core.ts";
import { collectRegularly } from "./gc/schedule.ts";
import type { Observations } from "./metrics/observations.ts";

const expireUploadsEveryMs = 300_000;

/** Runs what happens by itself until the stack is disposed: garbage, old audit entries and
 * old uploads go, and the stores are looked at. */
export function runInBackground(
  { config, clock, logger }: { readonly config: Config; readonly clock: Clock; readonly logger: Logger },
  { auditStore: audit, pulls, uploads, collector, databaseClock }: Core,
  observations: Observations,
  stack: AsyncDisposableStack,
): void {
  const stopping = new AbortController();
  const { keep_for: keepForMs, max_entries: maxEntries } = config.audit;
  const { interval: intervalMs } = config.garbage_collection;
  const running = [
    keepAuditWithin(
      { keepForMs, maxEntries },
      { audit, pulls, clock: databaseClock, logger },
      stopping.signal,
    ),
    expireUploads(uploads, config.storage.upload_expiry, { clock, logger }, stopping.signal),
    observations.run(stopping.signal),
    ...(intervalMs === 0
      ? []
      : [collectRegularly(collector, { intervalMs, clock: databaseClock, logger, signal: stopping.signal })]),
  ];
  stack.defer(async () => {
    stopping.abort();
    await Promise.all(running);
  });
}

async function expireUploads(
  uploads: Core["uploads"],
  olderThanMs: number,
  { clock, logger }: { clock: Clock; logger: Logger },
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    try {
      const removed = await uploads.expire(olderThanMs);
      if (removed > 0) logger.info({ removed }, "uploads that nobody goes on with removed");
    } catch (error) {
      logger.error({ error }, "old uploads could not be removed");
    }
    await clock.sleep(expireUploadsEveryMs, stopping).catch(() => undefined);
  }
}

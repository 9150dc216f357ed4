import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { Stores } from "./stores.ts";

export interface MaintenanceParts extends Pick<Stores, "database" | "auditStore"> {
  readonly retention: { readonly maxAgeMs: number; readonly maxEntries: number };
  readonly logger: Logger;
  readonly clock: Clock;
}

const INTERVAL_MS = 3_600_000;

/** Removes old audit entries and writes the newest hash of the audit log into the service's log, which is kept
 * elsewhere; now and every hour until the signal is aborted. What fails is logged and tried again. */
export async function runMaintenance(parts: MaintenanceParts, signal: AbortSignal): Promise<void> {
  const { clock, logger } = parts;
  while (!signal.aborted) {
    try {
      maintain(parts);
    } catch (error) {
      logger.error({ error }, "maintenance failed");
    }
    await clock.sleep(INTERVAL_MS, signal).catch(() => undefined);
  }
}

function maintain({ database, auditStore, retention, clock, logger }: MaintenanceParts): void {
  const { maxAgeMs, maxEntries } = retention;
  database.transaction(() => auditStore.prune(clock.now() - maxAgeMs, maxEntries));
  const { sequence, hash } = auditStore.last();
  logger.info({ sequence, hash: Buffer.from(hash).toString("hex") }, "newest entry of the audit log");
}

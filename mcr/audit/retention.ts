import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { AuditStore } from "./audit-store.ts";
import type { PullStore } from "./pull-store.ts";

const everyMs = 3_600_000;
/** Accounts times manifests of which it is kept who pulled them. */
const mostPullRows = 200_000;

/** Keeps the audit log within its age and number, and who pulled what within the same age; now and every hour until the
 * signal aborts. What fails is logged and tried again. */
export async function keepAuditWithin(
  limits: { readonly keepForMs: number; readonly maxEntries: number },
  parts: {
    readonly audit: AuditStore;
    readonly pulls: PullStore;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  stopping: AbortSignal,
): Promise<void> {
  const { audit, pulls, clock, logger } = parts;
  while (!stopping.aborted) {
    const beforeMs = clock.now() - limits.keepForMs;
    try {
      const removed = await audit.prune(beforeMs, limits.maxEntries, stopping);
      if (removed > 0) logger.info({ removed }, "old audit entries removed");
      await pulls.prune(beforeMs, mostPullRows);
    } catch (error) {
      if (error === stopping.reason) return;
      logger.error({ error }, "old audit entries could not be removed");
    }
    await clock.sleep(everyMs, stopping).catch(() => undefined);
  }
}

import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { AuditStore } from "./audit/audit-store.ts";
import type { KeyRing } from "./keys/key-ring.ts";
import type { FailureStore } from "./login/failure-store.ts";
import type { RecordStore } from "./provider/record-store.ts";
import type { TokenStore } from "./tokens/token-store.ts";

export interface MaintenanceParts {
  readonly keys: KeyRing;
  readonly tokens: TokenStore;
  readonly records: RecordStore;
  readonly failures: FailureStore;
  readonly audit: AuditStore;
  readonly retention: {
    readonly failuresMs: number;
    readonly auditMs: number;
    readonly auditEntries: number;
  };
  readonly logger: Logger;
  readonly clock: Clock;
}

const INTERVAL_MS = 60_000;

/** Rotates keys by age and forgets what has expired, now and every minute until the signal is aborted. */
export async function runMaintenance(parts: MaintenanceParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await maintain(parts);
    await parts.clock.sleep(INTERVAL_MS, signal).catch(() => undefined);
  }
}

/** One round. A part that fails is logged and tried again in the next; the others go on. */
export async function maintain(parts: MaintenanceParts): Promise<void> {
  const { keys, tokens, records, failures, audit, retention, clock, logger } = parts;
  const nowMs = clock.now();
  const tasks: Record<string, () => void | Promise<void>> = {
    "rotate keys": async () => {
      const rotated = await keys.rotateIfDue();
      if (rotated === undefined) return;
      audit.record({ event: "key-rotated", outcome: "ok", actor: "age", detail: rotated.kid });
      logger.info({ kid: rotated.kid }, "signing key rotated");
    },
    "remove expired keys": () => keys.prune(),
    "remove expired tokens": () => tokens.prune(nowMs),
    "remove expired records": () => records.prune(nowMs),
    "forget wrong passwords": () => failures.prune(nowMs - retention.failuresMs),
    "remove old audit entries": () => audit.prune(nowMs - retention.auditMs, retention.auditEntries),
  };
  for (const [task, run] of Object.entries(tasks)) {
    try {
      await run();
    } catch (error) {
      logger.error({ error, task }, "maintenance failed");
    }
  }
}

import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { ServiceLocks } from "../deploy/locks.ts";
import type { Registry } from "../registry/registry.ts";

/** Follows whether the runtime can be listed. */
export interface Outage {
  failed(error: unknown): void;
  succeeded(): void;
}

/** One failure may be a restart of the runtime's service. */
const failuresUntilUnknown = 2;

/** After two failures in a row records that nothing is known any more; says so once, and once when it is over.
 * No events: nothing is known to have changed. */
export function createOutage(parts: {
  registry: Registry;
  locks: ServiceLocks;
  clock: Clock;
  logger: Logger;
  node: string;
}): Outage {
  const { registry, locks, clock, logger, node } = parts;
  let failures = 0;
  return {
    failed(error) {
      failures += 1;
      if (failures < failuresUntilUnknown) return;
      if (failures === failuresUntilUnknown) {
        logger.warn({ node, error: messageOf(error) }, "cannot list containers: their state is unknown");
      }
      recordUnknown(registry, locks, clock.now());
    },
    succeeded() {
      if (failures >= failuresUntilUnknown) logger.info({ node }, "containers can be listed again");
      failures = 0;
    },
  };
}

function recordUnknown(registry: Registry, locks: ServiceLocks, atMs: number): void {
  registry.transaction(() => {
    for (const { service, spec, observed } of registry.components.all()) {
      if (locks.holder(service) !== undefined) continue;
      registry.components.setObserved(service, spec.name, {
        state: "unknown",
        atMs,
        from: "runtime",
        exitCode: undefined,
        startedAtMs: 0,
        specHash: observed.specHash,
      });
    }
  });
}

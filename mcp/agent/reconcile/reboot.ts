import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { RecordedObservation } from "../monitor/record.ts";
import type { Registry } from "../registry/registry.ts";

/** Which services have not been looked at since the machine was started. */
export interface Reboot {
  /** Finds out whether it was, since the agent last brought everything back. */
  begin(): void;
  concerns(service: string): boolean;
  /** To be called once it is written down what a look means for the repairs. */
  seen(observations: readonly Pick<RecordedObservation, "service" | "ours">[]): void;
}

/** @param parts.bootId of this boot of the machine; empty: not known, and taken for the same as before */
export function createReboot(parts: { registry: Registry; logger: Logger; bootId: string }): Reboot {
  const { registry, logger, bootId } = parts;
  let unseen = new Set<string>();

  return {
    begin() {
      if (bootId === "") return;
      const before = registry.nodeFacts.get("boot-id");
      if (before === undefined) registry.nodeFacts.set("boot-id", bootId);
      if (before === undefined || before === bootId) return;
      unseen = new Set(registry.services.names().filter((name) => registry.service(name) !== undefined));
      const services = [...unseen];
      logger.info({ services }, "the machine was started again: bringing back what should run");
      if (unseen.size === 0) registry.nodeFacts.set("boot-id", bootId);
    },
    concerns: (service) => unseen.has(service),
    seen(observations) {
      if (unseen.size === 0) return;
      for (const { service, ours } of observations) if (!ours) unseen.delete(service);
      // What was undeployed meanwhile will never be seen.
      for (const service of unseen) if (registry.service(service) === undefined) unseen.delete(service);
      if (unseen.size === 0) registry.nodeFacts.set("boot-id", bootId);
    },
  };
}

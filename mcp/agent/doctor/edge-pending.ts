import { describeEffect } from "@metacircular/mcp-core/edge/effect.ts";
import { fine, warning } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

/** Routes, names and certificates that are not as they should be. */
export const edgePendingCheck: Check = {
  name: "edge-pending",
  run({ registry }) {
    const effects = registry.edge.all();
    const found = effects.flatMap((effect) => {
      const { pending, service, component } = effect;
      if (pending === undefined) return [];
      const since = new Date(pending.sinceMs).toISOString();
      return [
        warning(
          `${service}/${component}`,
          `${describeEffect(effect)} pending since ${since}: ${pending.reason}`,
          "nothing where its service comes back: it is tried again and again; else see docs/edge.md",
        ),
      ];
    });
    return found.length > 0 ? found : [fine("routes, names and certificates", `${effects.length} are set`)];
  },
};

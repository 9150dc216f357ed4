import { isDrift } from "@metacircular/mcp-core/drift.ts";
import { explainsDrift } from "@metacircular/mcp-core/repair.ts";
import type { Registry } from "../registry/registry.ts";
import type { Observed } from "./observe.ts";

/** What was observed, without the drift that the agent's own repair of it tells of. */
export function withoutExplainedDrift(observed: Observed, { repairs }: Pick<Registry, "repairs">): Observed {
  const observations = observed.observations.filter(({ service, component, desired, state }) => {
    const repair = isDrift(desired, state) ? repairs.get(service, component) : undefined;
    return repair === undefined || !explainsDrift(repair);
  });
  return { ...observed, observations };
}

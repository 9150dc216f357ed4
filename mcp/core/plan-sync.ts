import type { RegisteredService } from "./registered.ts";
import { componentHash } from "./spec-hash.ts";
import type { ServiceSpec } from "./spec.ts";
import type { Step } from "./step.ts";

/** Steps that bring the registry to what is declared, and stop what is inactive. Nothing is started, replaced or
 * removed: a deploy does that. Components that are no longer declared stay as they are. Pure. */
export function syncComponents(
  declared: ServiceSpec,
  registered: RegisteredService | undefined,
  stop: (component: string) => Step[],
): Step[][] {
  const desired = declared.active ? "running" : "stopped";
  return declared.components.map((spec) => {
    const recorded = registered?.components.find((component) => component.spec.name === spec.name);
    const known = recorded?.desired === desired && componentHash(recorded.spec) === componentHash(spec);
    return [
      ...(known ? [] : [{ kind: "record-declaration", component: spec.name, spec, desired } as const]),
      ...(declared.active ? [] : stop(spec.name)),
    ];
  });
}

import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

/** Writes what is declared of a component; what its container is made from stays recorded as it is. */
export function recordDeclaration(
  { component, spec, desired }: StepOf<"record-declaration">,
  { registry, service, intent }: StepContext,
): Promise<void> {
  const declared = intent.kind === "sync" ? intent.declared.components.map(({ name }) => name) : [];
  registry.transaction(() => {
    const recorded = registry.components.get(service, component);
    if (registry.services.isActive(service) === undefined) {
      registry.services.record(service, desired === "running");
    }
    registry.components.record({
      service,
      spec,
      desired,
      hostPorts: recorded?.hostPorts ?? {},
      version: recorded?.version ?? "",
      imageDigest: recorded?.imageDigest ?? "",
      position: Math.max(0, declared.indexOf(component)),
    });
  });
  return Promise.resolve();
}

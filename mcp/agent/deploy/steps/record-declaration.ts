import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { enterComponent } from "../enter-component.ts";
import type { StepContext } from "../step-context.ts";

/** Writes what is declared of a component; what its container is made from stays recorded as it is. */
export async function recordDeclaration(
  { component, spec, desired }: StepOf<"record-declaration">,
  { registry, runtime, service, intent, signal }: StepContext,
): Promise<void> {
  const container = await runtime.inspect(slotName(service, component, "current"), signal);
  const order =
    intent.kind === "sync"
      ? intent.declared.components
      : registry.components.ofService(service).map(({ spec: { name } }) => ({ name }));
  const position = order.findIndex(({ name }) => name === component);
  registry.transaction(() => {
    const recorded = registry.components.get(service, component);
    enterComponent(registry, container, {
      service,
      spec,
      desired,
      version: recorded?.version ?? "",
      imageDigest: recorded?.imageDigest ?? "",
      position: Math.max(0, position),
    });
  });
}

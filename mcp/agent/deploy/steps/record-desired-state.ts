import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

export function recordDesiredState(
  { component, desired }: StepOf<"record-desired-state">,
  { registry, service }: StepContext,
): Promise<void> {
  registry.components.setDesired(service, component, desired);
  return Promise.resolve();
}

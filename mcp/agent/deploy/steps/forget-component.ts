import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

export function forgetComponent(
  { component, history }: StepOf<"forget-component">,
  { registry, service }: StepContext,
): Promise<void> {
  registry.transaction(() => {
    registry.components.forget(service, component);
    if (history === true) registry.forgetPast(service, component);
  });
  return Promise.resolve();
}

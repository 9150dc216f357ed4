import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

export function forgetComponent(
  { component }: StepOf<"forget-component">,
  { registry, service }: StepContext,
): Promise<void> {
  registry.components.forget(service, component);
  return Promise.resolve();
}

import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

export function recordService(
  { active }: StepOf<"record-service">,
  { registry, service }: StepContext,
): Promise<void> {
  registry.services.record(service, active);
  return Promise.resolve();
}

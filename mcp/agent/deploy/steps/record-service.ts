import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

export function recordService(
  { active, reconcile }: StepOf<"record-service">,
  { registry, service }: StepContext,
): Promise<void> {
  registry.transaction(() => {
    registry.services.record(service, active);
    registry.services.recordReconcile(service, reconcile);
  });
  return Promise.resolve();
}

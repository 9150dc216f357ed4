import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

export async function stopContainer(
  { component, slot }: StepOf<"stop-container">,
  { runtime, service, signal }: StepContext,
): Promise<void> {
  await runtime.stop(slotName(service, component, slot), signal);
}

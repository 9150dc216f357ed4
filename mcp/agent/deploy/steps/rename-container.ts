import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

export async function renameContainer(
  { component, from, to }: StepOf<"rename-container">,
  { runtime, service, signal }: StepContext,
): Promise<void> {
  await runtime.rename(slotName(service, component, from), slotName(service, component, to), signal);
}

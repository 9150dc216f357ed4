import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

export async function removeContainer(
  { component, slot, unlessRunning }: StepOf<"remove-container">,
  { runtime, service, signal }: StepContext,
): Promise<void> {
  const name = slotName(service, component, slot);
  await (unlessRunning === true ? runtime.removeStopped(name, signal) : runtime.remove(name, signal));
}

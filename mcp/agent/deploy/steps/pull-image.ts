import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

/** Makes sure the image is on the node. */
export async function pullImage(
  { image }: StepOf<"pull-image">,
  { runtime, signal }: StepContext,
): Promise<void> {
  await runtime.pull(image, signal);
}

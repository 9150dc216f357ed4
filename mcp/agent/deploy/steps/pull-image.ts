import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { requireRunnable } from "../../images/platform.ts";
import type { StepContext } from "../step-context.ts";

/** Makes sure the image is on the node, and that the node can run it. */
export async function pullImage(
  { image, refresh }: StepOf<"pull-image">,
  { runtime, signal }: StepContext,
): Promise<void> {
  await requireRunnable(image, await runtime.pull(image, signal, { refresh: refresh === true }));
}

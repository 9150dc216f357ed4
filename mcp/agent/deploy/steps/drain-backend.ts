import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

/** Waits until nothing is connected to a backend that no route leads to any more. What is still connected when the time
 * is over, and what cannot be asked, is cut off by what follows. */
export async function drainBackend(
  { backend }: StepOf<"drain-backend">,
  { edge, service, logger, signal }: StepContext,
): Promise<void> {
  try {
    const connections = (await edge?.routes?.drain(backend, signal)) ?? 0;
    if (connections > 0) logger.warn({ service, backend, connections }, "some connections are cut off");
  } catch (error) {
    signal.throwIfAborted();
    logger.warn({ service, backend, error: messageOf(error) }, "cannot wait for a backend to be idle");
  }
}

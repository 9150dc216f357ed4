import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

/** Fails where the network does not exist. */
export async function checkNetwork(
  { network }: StepOf<"check-network">,
  { runtime, signal }: StepContext,
): Promise<void> {
  if (await runtime.networkExists(network, signal)) return;
  throw new DetailedError({
    code: "NETWORK_NOT_FOUND",
    category: "failed-precondition",
    attempted: "use network",
    subject: network,
    found: "there is no such network on the node",
    remedy: `correct the definition, or create it with: ${runtime.name} network create ${network}`,
  });
}

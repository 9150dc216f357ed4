import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { labels } from "../../runtime/runtime.ts";
import { containerRequest } from "../container-request.ts";
import type { StepContext } from "../step-context.ts";

/** Creates the container. One of the same name that this operation left behind is replaced. */
export async function createContainer(step: StepOf<"create-container">, context: StepContext): Promise<void> {
  const { runtime, signal, service, operationId } = context;
  const request = containerRequest(step, context);
  try {
    await runtime.create(request, signal);
  } catch (error) {
    if (!(error instanceof DetailedError) || error.code !== "NAME_IN_USE") throw error;
    const name = slotName(service, step.component, step.slot);
    const leftover = await runtime.inspect(name, signal);
    if (leftover !== undefined && leftover.labels[labels.operation] !== operationId) throw error;
    await runtime.remove(name, signal);
    await runtime.create(request, signal);
  }
}

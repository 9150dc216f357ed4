import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { observedContainers } from "../observed-containers.ts";
import type { StepContext } from "../step-context.ts";

/** Fails where a container of the component runs, also one that is paused or being stopped. */
export async function checkStopped(
  { component }: StepOf<"check-stopped">,
  { runtime, service, signal }: StepContext,
): Promise<void> {
  const containers = observedContainers(service, await runtime.list(signal)).get(component) ?? [];
  const running = containers.find((container) => container.running);
  if (running !== undefined) {
    throw componentRunning({ service, component, container: slotName(service, component, running.slot) });
  }
}

export function componentRunning(about: {
  service: string;
  component: string;
  container: string;
}): DetailedError {
  const { service, component, container } = about;
  return new DetailedError({
    code: "COMPONENT_RUNNING",
    category: "failed-precondition",
    attempted: "purge",
    subject: `${service}/${component}`,
    found: `its container ${container} runs`,
    remedy: `stop it with: mcp stop ${service}; or remove it all with: mcp undeploy ${service}`,
    facts: { container },
  });
}

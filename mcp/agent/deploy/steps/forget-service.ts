import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

/** Removes the service from the registry, unless containers that are not ours are listed under its name. */
export function forgetService(
  { history }: StepOf<"forget-service">,
  { registry, service }: StepContext,
): Promise<void> {
  const foreign = registry.components.ofService(service).filter(({ desired }) => desired === "ignore");
  registry.transaction(() => {
    if (foreign.length === 0) registry.services.forget(service);
    else registry.services.record(service, false);
    if (history === true) registry.forgetPast(service);
  });
  return Promise.resolve();
}

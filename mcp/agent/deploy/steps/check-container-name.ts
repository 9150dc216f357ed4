import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { labels } from "../../runtime/runtime.ts";
import type { StepContext } from "../step-context.ts";

/** Fails where a container that is not ours has the component's name. */
export async function checkContainerName(
  { component }: StepOf<"check-container-name">,
  { runtime, service, signal }: StepContext,
): Promise<void> {
  const name = slotName(service, component, "current");
  const container = await runtime.inspect(name, signal);
  if (container === undefined || container.labels[labels.service] === service) return;
  const owner = container.labels[labels.service];
  const other = owner === undefined ? "" : `${owner}/${container.labels[labels.component] ?? ""}`;
  throw new DetailedError({
    code: "NAME_IN_USE",
    category: "already-exists",
    attempted: "use the container name",
    subject: name,
    found:
      owner === undefined
        ? `container ${container.id.slice(0, 12)}, which MCP did not create, has it`
        : `it is the container of ${other}`,
    remedy:
      owner === undefined
        ? `take it over with: mcp adopt ${service}; or rename or remove it, e.g. with: ${runtime.name} rename ${name} ${name}-old`
        : `give one of the two components another name, or undeploy ${owner}`,
    facts: { container: container.id },
  });
}

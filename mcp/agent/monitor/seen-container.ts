import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import type { ContainerOwner, SeenContainer } from "@metacircular/mcp-core/observe-input.ts";
import { labels, type Container } from "../runtime/runtime.ts";

/** A listed container as the comparison with the registry sees it.
 * @param missing ids of the containers that the runtime calls running and that have no process */
export function seenContainer(container: Container, missing: ReadonlySet<string>): SeenContainer {
  const { id, name, state, exitCode, startedAtMs, pid, image, networks, ports } = container;
  return {
    name,
    owner: ownerOf(container),
    state,
    processGone: missing.has(id),
    exitCode,
    startedAtMs,
    pid,
    image,
    specHash: container.labels[labels.specHash] ?? "",
    network: networks[0] ?? "",
    ports,
  };
}

/** Whether the runtime says that its process lives. */
export function isListedAsRunning({ state }: Pick<Container, "state">): boolean {
  return state === "running" || state === "stopping";
}

function ownerOf({ name, labels: written }: Pick<Container, "name" | "labels">): ContainerOwner | undefined {
  const service = written[labels.service];
  const component = written[labels.component];
  if (service === undefined || component === undefined) return undefined;
  if (name === slotName(service, component, "current")) return { service, component, current: true };
  const beside = (["next", "previous"] as const).some((slot) => name === slotName(service, component, slot));
  return beside ? { service, component, current: false } : undefined;
}

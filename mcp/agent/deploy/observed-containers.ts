import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import type { HostPorts, ObservedContainer, Slot } from "@metacircular/mcp-core/observed.ts";
import { systemProcesses } from "../processes/process-status.ts";
import { labels, type Container } from "../runtime/runtime.ts";

const slots = ["current", "next", "previous"] as const satisfies readonly Slot[];

/** A service's own containers by component: those that bear our labels and one of the component's names. */
export function observedContainers(
  service: string,
  containers: readonly Container[],
): Map<string, ObservedContainer[]> {
  const byComponent = new Map<string, ObservedContainer[]>();
  for (const container of containers) {
    if (container.labels[labels.service] !== service) continue;
    const component = container.labels[labels.component] ?? "";
    const slot = slots.find((candidate) => slotName(service, component, candidate) === container.name);
    if (slot === undefined) continue;
    const list = byComponent.get(component) ?? [];
    list.push(observedContainer(container, slot));
    byComponent.set(component, list);
  }
  return byComponent;
}

function observedContainer(container: Container, slot: Slot): ObservedContainer {
  const claimed =
    container.state === "running" || container.state === "stopping" || container.state === "paused";
  // While it is being stopped the runtime names no process, which says nothing about the container.
  const lost = claimed && container.pid > 0 && !systemProcesses.belongsTo(container.pid, container);
  return {
    id: container.id,
    slot,
    running: claimed && !lost,
    stopping: container.state === "stopping" || container.state === "paused",
    lost,
    specHash: container.labels[labels.specHash] ?? "",
    imageId: container.imageId,
    createdBy: container.labels[labels.operation] ?? "",
    startedAtMs: container.startedAtMs,
    hostPorts: hostPortsOf(container),
  };
}

/** The host ports of a container's routes, as written into its label when it was created. */
export function hostPortsOf({ labels: written }: Pick<Container, "labels">): HostPorts {
  const label = written[labels.hostPorts];
  if (label === undefined) return {};
  try {
    return JSON.parse(label) as HostPorts;
  } catch {
    // A label that somebody else made up says nothing about ports.
    return {};
  }
}

import type { ComponentTable } from "../registry/components.ts";
import type { Registry } from "../registry/registry.ts";
import type { ContainerDetails } from "../runtime/runtime.ts";
import { hostPortsOf } from "./observed-containers.ts";

type Entry = Omit<Parameters<ComponentTable["record"]>[0], "hostPorts">;

/** Writes a component into the registry, and its service where that is not known yet. Without a container it keeps the
 * ports that were recorded. To be called in a transaction. */
export function enterComponent(
  { components, services }: Pick<Registry, "components" | "services">,
  container: ContainerDetails | undefined,
  entry: Entry,
): void {
  const { service, spec, desired } = entry;
  const recorded = components.get(service, spec.name)?.hostPorts ?? {};
  if (services.isActive(service) === undefined) services.record(service, desired === "running");
  components.record({ ...entry, hostPorts: container === undefined ? recorded : hostPortsOf(container) });
}

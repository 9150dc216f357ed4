import { inRevisions, madeFrom } from "@metacircular/mcp-core/made-from.ts";
import type { ComponentSpec, ServiceSpec } from "@metacircular/mcp-core/spec.ts";
import { containerHash, serviceHash } from "@metacircular/mcp-core/spec-hash.ts";
import type { ComponentRecord } from "../registry/component-record.ts";
import type { Registry } from "../registry/registry.ts";
import type { Container } from "../runtime/runtime.ts";
import { observedContainers } from "./observed-containers.ts";

/** How many revisions are searched for what a container was made from. */
const searchLimit = 20;

/** Whether the component's container is made from something else than what is declared now, so that a deploy would
 * replace it. */
export function isOutdated({ desired, spec, observed }: ComponentRecord): boolean {
  return desired !== "ignore" && observed.specHash !== "" && observed.specHash !== containerHash(spec);
}

/** The service's components as they were last deployed. The registry may declare something newer, and components
 * that were never deployed, which are left out. */
export function deployedComponents(service: string, registry: Registry): ComponentSpec[] {
  const managed = registry.components.ofService(service).filter(({ desired }) => desired !== "ignore");
  const [newest, ...older] = revisionsOf(service, registry);
  return managed.flatMap((component) => {
    const { spec, observed, version, imageDigest } = component;
    const last = newest?.components.find(({ name }) => name === spec.name);
    if (observed.specHash === "") {
      const wasDeployed = version !== "" || imageDigest !== "";
      return wasDeployed ? (last ?? spec) : [];
    }
    return madeFrom(observed.specHash, [last, spec, ...inRevisions(spec.name, older)]) ?? spec;
  });
}

/** `serviceHash` of what was last deployed. */
export function deployedHash(service: string, registry: Registry): string {
  const components = deployedComponents(service, registry);
  return serviceHash({ name: service, node: "", active: true, components });
}

/** The newest revisions, where a container of the service, or what was deployed last, is not what is declared; else none
 * are needed. */
export function knownRevisions(
  service: string,
  containers: readonly Container[],
  registry: Registry,
): ServiceSpec[] {
  const components = registry.service(service)?.components ?? [];
  const declared = new Map(components.map(({ spec }) => [spec.name, containerHash(spec)]));
  const isDeployed = components.every(({ spec, deployedSpecHash = "" }) =>
    ["", declared.get(spec.name)].includes(deployedSpecHash),
  );
  const isDeclared = [...observedContainers(service, containers)].every(([component, list]) =>
    list.every(({ specHash }) => specHash === declared.get(component)),
  );
  return isDeclared && isDeployed ? [] : revisionsOf(service, registry);
}

function revisionsOf(service: string, registry: Registry): ServiceSpec[] {
  return registry.revisions.list(service, searchLimit).map(({ spec }) => spec);
}

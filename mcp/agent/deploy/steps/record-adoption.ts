import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import { versionOf } from "@metacircular/mcp-core/image.ts";
import { containerName } from "@metacircular/mcp-core/names.ts";
import { containerHash } from "@metacircular/mcp-core/spec-hash.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { Registry } from "../../registry/registry.ts";
import { repositoryOf } from "../kept-images.ts";
import type { StepContext } from "../step-context.ts";

/** Enters a container that somebody else created as the component's own. Fails where it has gone since it was looked
 * at. */
export async function recordAdoption(
  { component, containerId, spec, desired }: StepOf<"record-adoption">,
  { registry, runtime, service, intent, signal }: StepContext,
): Promise<void> {
  const name = slotName(service, component, "current");
  const [container, image] = await Promise.all([
    runtime.inspect(containerId, signal),
    runtime.image(spec.image, signal),
  ]);
  if (container?.name !== name) throw hasGone(name, containerId);
  const added = intent.kind === "adopt" ? intent.containers.map((entry) => entry.spec.name) : [];
  registry.transaction(() => {
    if (image?.id === container.imageId)
      registry.imageDigests.record(image.id, repositoryOf(spec.image), image.digest);
    const others = registry.components.ofService(service).map((entry) => entry.spec.name);
    const order = [...others.filter((other) => !added.includes(other)), ...added];
    const isActive = desired === "running" || registry.services.isActive(service) === true;
    registry.services.record(service, isActive);
    registry.components.record({
      service,
      spec,
      desired,
      deployedSpecHash: containerHash(spec),
      hostPorts: {},
      version: versionOf(spec.image),
      imageDigest: image?.digest ?? "",
      position: Math.max(0, order.indexOf(component)),
    });
    registry.components.recordAdoption(service, component, containerId);
    forgetSightings(registry, { service, name });
  });
}

/** Until now the container may have been listed below a service that it only seemed to belong to. */
function forgetSightings(registry: Registry, owner: { service: string; name: string }): void {
  const sightings = registry.components
    .all()
    .filter(({ desired, service }) => desired === "ignore" && service !== owner.service)
    .filter(({ service, spec }) => containerName(service, spec.name) === owner.name);
  for (const { service, spec } of sightings) {
    registry.components.forget(service, spec.name);
    if (registry.components.ofService(service).length === 0) registry.services.forget(service);
  }
}

function hasGone(name: string, id: string): DetailedError {
  return new DetailedError({
    code: "CONTAINER_NOT_FOUND",
    category: "not-found",
    attempted: "adopt container",
    subject: name,
    found: `somebody removed or renamed container ${id.slice(0, 12)} meanwhile`,
    remedy: "adopt again",
  });
}

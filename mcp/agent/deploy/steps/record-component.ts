import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import { versionOf } from "@metacircular/mcp-core/image.ts";
import { containerHash } from "@metacircular/mcp-core/spec-hash.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { hostPortsOf } from "../observed-containers.ts";
import type { StepContext } from "../step-context.ts";

/** Writes what the component now is into the registry: declaration, desired state, ports and digest. */
export async function recordComponent(
  { component, spec, desired }: StepOf<"record-component">,
  { registry, runtime, service, intent, signal }: StepContext,
): Promise<void> {
  const recorded = registry.components.get(service, component);
  const adopted = recorded?.adoptedContainer ?? "";
  const [container, image, replaced] = await Promise.all([
    runtime.inspect(slotName(service, component, "current"), signal),
    runtime.image(spec.image, signal),
    adopted === "" ? undefined : runtime.inspect(slotName(service, component, "previous"), signal),
  ]);
  const declared = "spec" in intent ? intent.spec.components : registry.components.ofService(service);
  const names = declared.map((entry) => ("spec" in entry ? entry.spec.name : entry.name));
  registry.transaction(() => {
    if (registry.services.isActive(service) === undefined) {
      registry.services.record(service, desired === "running");
    }
    registry.components.record({
      service,
      spec,
      desired,
      deployedSpecHash: containerHash(spec),
      hostPorts: container === undefined ? (recorded?.hostPorts ?? {}) : hostPortsOf(container),
      version: versionOf(spec.image),
      imageDigest: image?.digest ?? container?.imageDigest ?? recorded?.imageDigest ?? "",
      position: Math.max(0, names.indexOf(component)),
    });
    // One that could not be removed stays ours, so that the next operation finds it.
    const isLeft = container?.id === adopted || replaced?.id === adopted;
    if (adopted !== "" && !isLeft) registry.components.endAdoption(service, component);
  });
}

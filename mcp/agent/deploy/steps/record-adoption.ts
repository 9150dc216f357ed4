import { versionOf } from "@metacircular/mcp-core/image.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

/** Enters a container that somebody else created as the component's own. */
export async function recordAdoption(
  { component, containerId, spec, desired }: StepOf<"record-adoption">,
  { registry, runtime, service, intent, signal }: StepContext,
): Promise<void> {
  const image = await runtime.image(spec.image, signal);
  const names = intent.kind === "adopt" ? intent.containers.map((container) => container.spec.name) : [];
  registry.transaction(() => {
    if (registry.services.isActive(service) === undefined) {
      registry.services.record(service, desired === "running");
    }
    registry.components.record({
      service,
      spec,
      desired,
      hostPorts: {},
      version: versionOf(spec.image),
      imageDigest: image?.digest ?? "",
      position: Math.max(0, names.indexOf(component)),
    });
    registry.components.recordAdoption(service, component, containerId);
  });
}

import type { ServiceSpec } from "@metacircular/mcp-core/spec.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { deployedComponents } from "../deployed.ts";
import type { StepContext } from "../step-context.ts";

/** Stores what was deployed, or what the containers were that were taken over, as the service's next revision. */
export function recordRevision(_: StepOf<"record-revision">, context: StepContext): Promise<void> {
  const { registry, service, intent, operationId, caller } = context;
  const spec = "spec" in intent ? intent.spec : adoptedSpec(context);
  if (spec === undefined) return Promise.resolve();
  const digests = Object.fromEntries(
    registry.components
      .ofService(service)
      .filter(({ desired }) => desired !== "ignore")
      .map((component) => [component.spec.name, component.imageDigest]),
  );
  registry.transaction(() => {
    const number = registry.revisions.append({ spec, caller, operation: operationId, digests });
    registry.operations.recordRevision(operationId, number);
  });
  return Promise.resolve();
}

/** What runs after an adoption: what was deployed before, and what was read from the containers taken over. */
function adoptedSpec({ registry, service, node, intent }: StepContext): ServiceSpec | undefined {
  const registered = registry.service(service);
  if (registered === undefined || intent.kind !== "adopt") return undefined;
  const adoptions = registry.components.adoptions();
  const taken = new Map(
    intent.containers.filter(({ id }) => adoptions.has(id)).map(({ spec }) => [spec.name, spec]),
  );
  const components = deployedComponents(service, registry).map((spec) => taken.get(spec.name) ?? spec);
  return { ...registered, node, components };
}

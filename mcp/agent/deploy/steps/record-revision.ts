import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

/** Stores what was deployed as the service's next revision. */
export function recordRevision(
  _: StepOf<"record-revision">,
  { registry, service, intent, operationId, caller }: StepContext,
): Promise<void> {
  if (!("spec" in intent)) return Promise.resolve();
  const digests = Object.fromEntries(
    registry.components
      .ofService(service)
      .filter(({ desired }) => desired !== "ignore")
      .map(({ spec, imageDigest }) => [spec.name, imageDigest]),
  );
  registry.transaction(() => {
    const number = registry.revisions.append({ spec: intent.spec, caller, operation: operationId, digests });
    registry.operations.recordRevision(operationId, number);
  });
  return Promise.resolve();
}

import type { ObservedContainer } from "@metacircular/mcp-core/observed.ts";
import type { ContainerTarget } from "@metacircular/mcp-core/plan-component.ts";
import type { PlanInput } from "@metacircular/mcp-core/plan.ts";
import { defaultHealth } from "@metacircular/mcp-core/spec.ts";
import { containerHash } from "@metacircular/mcp-core/spec-hash.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";
import type { RestorePoint } from "../registry/operations.ts";

/** What each component that the plan touches was before: the container that ran, or none. */
export function restorePoints(steps: readonly Step[], input: PlanInput): RestorePoint[] {
  const touched = new Set(steps.map((step) => step.component).filter((component) => component !== ""));
  return [...touched].map((component) => {
    const target = targetBefore(component, input);
    return { component, target, recreated: recreatedTarget(component, target, input) };
  });
}

/** On ports of its own: those of the old container may be what keeps it from coming back. */
function recreatedTarget(
  component: string,
  target: ContainerTarget,
  { registered, freshPorts, operationId }: PlanInput,
): RestorePoint["recreated"] {
  const spec = registered?.components.find((entry) => entry.spec.name === component)?.spec;
  if (spec === undefined || target.want !== "restored" || !target.running) return undefined;
  return {
    want: "running",
    spec,
    specHash: containerHash(spec),
    freshPorts: freshPorts.get(component) ?? {},
    recordedPorts: {},
    renewPorts: true,
    createdBy: operationId,
  };
}

function targetBefore(component: string, { observed, registered }: PlanInput): ContainerTarget {
  const containers = observed.get(component) ?? [];
  const kept = mostUseful(containers);
  if (kept === undefined) return { want: "absent" };
  const spec = registered?.components.find((entry) => entry.spec.name === component)?.spec;
  return {
    want: "restored",
    id: kept.id,
    running: kept.running,
    health: spec?.health ?? defaultHealth,
    firstRoute: spec?.routes[0]?.name ?? "",
  };
}

function mostUseful(containers: readonly ObservedContainer[]): ObservedContainer | undefined {
  const running = containers.filter((container) => container.running);
  const candidates = running.length > 0 ? running : containers;
  return candidates.find((container) => container.slot === "current") ?? candidates[0];
}

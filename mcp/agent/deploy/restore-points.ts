import { serviceOf } from "@metacircular/mcp-core/intent.ts";
import type { ObservedContainer } from "@metacircular/mcp-core/observed.ts";
import type { ContainerTarget } from "@metacircular/mcp-core/plan-component.ts";
import type { PlanInput } from "@metacircular/mcp-core/plan.ts";
import { inRevisions, madeFrom } from "@metacircular/mcp-core/made-from.ts";
import { type ComponentSpec, defaultHealth } from "@metacircular/mcp-core/spec.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";
import type { RestorePoint } from "../registry/operations.ts";

/** What each component that the plan touches was before: the container that ran, or none. */
export function restorePoints(steps: readonly Step[], input: PlanInput): RestorePoint[] {
  const touched = new Set(steps.map((step) => step.component).filter((component) => component !== ""));
  return [...touched].map((component) => {
    const kept = mostUseful(observedBefore(component, input));
    const effects = effectsOf(component, input);
    if (kept === undefined) return { component, target: { want: "absent" }, effects };
    const spec = specOf(component, kept, input);
    return {
      component,
      effects,
      target: targetBefore(kept, spec),
      recreated: kept.running && spec !== undefined ? recreatedTarget(spec, kept, input) : undefined,
    };
  });
}

function effectsOf(component: string, { edge, intent }: PlanInput): RestorePoint["effects"] {
  const service = serviceOf(intent);
  return edge?.effects.filter(
    (effect) => effect.service === service && effect.component === component && effect.wanted,
  );
}

/** A repair that has to replace a lost container has nothing older to go back to. */
function observedBefore(component: string, { observed, intent }: PlanInput): readonly ObservedContainer[] {
  const containers = observed.get(component) ?? [];
  return intent.kind === "repair" ? containers.filter(({ lost }) => !lost) : containers;
}

/** What the container was made from; undefined where nobody knows any more. */
function specOf(
  component: string,
  { specHash }: ObservedContainer,
  { registered, revisions }: PlanInput,
): ComponentSpec | undefined {
  const declared = registered?.components.find(({ spec }) => spec.name === component)?.spec;
  return madeFrom(specHash, [declared, ...inRevisions(component, revisions)]);
}

/** On ports of its own: those of the old container may be what keeps it from coming back. Of the very same image: its
 * name may mean another one by now. */
function recreatedTarget(
  spec: ComponentSpec,
  { specHash, imageId }: ObservedContainer,
  { freshPorts, operationId }: PlanInput,
): RestorePoint["recreated"] {
  return {
    want: "running",
    spec,
    specHash,
    // What failed may bear the same hash, where only its image is another one.
    ...(imageId === "" ? {} : { image: imageId, imageId }),
    freshPorts: freshPorts.get(spec.name) ?? {},
    recordedPorts: {},
    renewPorts: true,
    createdBy: operationId,
  };
}

function targetBefore({ id, running }: ObservedContainer, spec: ComponentSpec | undefined): ContainerTarget {
  return {
    want: "restored",
    id,
    running,
    health: spec?.health ?? defaultHealth,
    firstRoute: spec?.routes[0]?.name ?? "",
  };
}

function mostUseful(containers: readonly ObservedContainer[]): ObservedContainer | undefined {
  const running = containers.filter((container) => container.running);
  const candidates = running.length > 0 ? running : containers;
  return candidates.find((container) => container.slot === "current") ?? candidates[0];
}

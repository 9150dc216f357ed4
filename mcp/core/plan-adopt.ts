import type { AdoptedContainer } from "./intent.ts";
import type { ObservedContainer } from "./observed.ts";
import type { Step } from "./step.ts";

/** Steps that make a container the component's own; none where the component has one already. Pure. */
export function adoptContainer(
  { id, spec, desired }: AdoptedContainer,
  observed: readonly ObservedContainer[],
): Step[] {
  if (observed.length > 0) return [];
  return [{ kind: "record-adoption", component: spec.name, containerId: id, spec, desired }];
}

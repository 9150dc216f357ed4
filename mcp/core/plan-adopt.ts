import type { AdoptedContainer } from "./intent.ts";
import type { RegisteredService } from "./registered.ts";
import type { Step } from "./step.ts";

/** Steps that make a container the component's own; none where the registry has the component already. Pure. */
export function adoptContainer(
  { id, spec, desired }: AdoptedContainer,
  registered: RegisteredService | undefined,
): Step[] {
  if (registered?.components.some((component) => component.spec.name === spec.name) === true) return [];
  return [{ kind: "record-adoption", component: spec.name, containerId: id, spec, desired }];
}

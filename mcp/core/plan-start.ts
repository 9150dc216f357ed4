import type { HostPorts, ObservedContainer, Slot } from "./observed.ts";
import { inRevisions, madeFrom } from "./made-from.ts";
import { planContainers } from "./plan-component.ts";
import type { RegisteredComponent } from "./registered.ts";
import { containerHash } from "./spec-hash.ts";
import { type ComponentSpec, defaultHealth, type ServiceSpec } from "./spec.ts";
import type { Step } from "./step.ts";

export interface KeptImages {
  /** By component, what its container is made from where the name of the image does not lead there: it means another
   * one by now, and only a deploy goes from the one to the other; or it names a digest that only the agent knows.
   * Default: none. */
  readonly keptImages?: ReadonlyMap<string, string>;
}

/** What starting a component depends on. */
interface StartInput extends KeptImages {
  readonly observed: ReadonlyMap<string, readonly ObservedContainer[]>;
  readonly revisions: readonly ServiceSpec[];
  readonly freshPorts: ReadonlyMap<string, HostPorts>;
}

/** Steps after which the component runs, as the version that its container is: only a deploy brings what was
 * declared since. Where there is no container, one is created as what was last deployed, or, where nothing was, as
 * declared. Pure.
 * @param startedSinceMs a container that was started before is started again */
export function planStart(
  input: StartInput,
  { spec: declared, hostPorts, deployedSpecHash }: RegisteredComponent,
  startedSinceMs: number | undefined,
): Step[] {
  const { name } = declared;
  const observed = input.observed.get(name) ?? [];
  const { spec, specHash } = startedVersion(input, {
    spec: declared,
    deployedSpecHash: deployedSpecHash ?? "",
  });
  const steps = planContainers(
    name,
    {
      want: "running",
      spec,
      specHash,
      image: input.keptImages?.get(name),
      freshPorts: input.freshPorts.get(name) ?? {},
      recordedPorts: hostPorts,
      startedSinceMs,
    },
    observed,
  );
  const created = steps.some((step) => step.kind === "create-container");
  return created ? [...steps, recordCreated(spec, declared)] : steps;
}

/** The version that a start leads to, and the hash of what its container is made from. */
export function startedVersion(
  input: Pick<StartInput, "observed" | "revisions">,
  { spec: declared, deployedSpecHash }: Pick<RegisteredComponent, "spec" | "deployedSpecHash">,
): { spec: ComponentSpec; specHash: string } {
  const { name } = declared;
  return versionToRun(
    { declared, deployedSpecHash: deployedSpecHash ?? "" },
    input.observed.get(name) ?? [],
    inRevisions(name, input.revisions),
  );
}

/** What is brought back at once does not wait for the health of its neighbours. Pure. */
export function startedTogether(groups: readonly Step[][]): Step[] {
  const beginnings = groups.map((group) => {
    const wait = group.findIndex(({ kind }) => kind === "await-healthy");
    return wait < 0 ? group : group.slice(0, wait);
  });
  const rests = groups.map((group, index) => group.slice(beginnings[index]?.length));
  return [...beginnings.flat(), ...rests.flat()];
}

/** Records a container that was just created and runs. Made from something else than what is declared, it leaves the
 * declaration as it is. */
export function recordCreated(spec: ComponentSpec, declared: ComponentSpec): Step {
  const isDeclared = containerHash(spec) === containerHash(declared);
  return {
    kind: isDeclared ? "record-component" : "record-declaration",
    component: declared.name,
    spec: declared,
    desired: "running",
  };
}

const preference = ["current", "previous", "next"] as const satisfies readonly Slot[];

function versionToRun(
  { declared, deployedSpecHash }: { declared: ComponentSpec; deployedSpecHash: string },
  observed: readonly ObservedContainer[],
  revised: readonly ComponentSpec[],
): { spec: ComponentSpec; specHash: string } {
  const declaredHash = containerHash(declared);
  const current = observed.find(({ slot, lost }) => slot === "current" && !lost);
  const isDeclared = (current === undefined ? observed : [current]).some(
    ({ specHash }) => specHash === declaredHash,
  );
  const [kept] = preference.flatMap((slot) => observed.filter((container) => container.slot === slot));
  const specHash = kept?.specHash ?? deployedSpecHash;
  if (isDeclared || specHash === declaredHash) return { spec: declared, specHash: declaredHash };
  const spec = madeFrom(specHash, revised);
  if (spec !== undefined) return { spec, specHash };
  if (kept === undefined || kept !== current) return { spec: declared, specHash: declaredHash };
  // Nobody knows how to tell that it is well, but its own specification would not be that of another version.
  return { spec: { ...declared, health: defaultHealth, routes: [] }, specHash };
}

import { versionOf } from "./image.ts";
import { containerName, platformServices, splitContainerName } from "./names.ts";
import type { KnownComponent, SeenContainer } from "./observe-input.ts";
import { observedExitCode, observedState } from "./observe-state.ts";
import type { ObservedState } from "./spec.ts";

/** What a listing shows of containers that MCP does not manage. */
export interface Foreign {
  /** To be entered with desired state `ignore`, replacing an ignored entry of the same name. */
  readonly appeared: readonly ForeignContainer[];
  /** Ignored entries whose container is gone. */
  readonly vanished: readonly { readonly service: string; readonly component: string }[];
}

export interface ForeignContainer {
  readonly service: string;
  readonly component: string;
  readonly image: string;
  /** Empty where the image has no tag. */
  readonly version: string;
  readonly network: string;
  /** Without repetitions. */
  readonly ports: readonly string[];
  readonly state: ObservedState;
  readonly exitCode: number | undefined;
  readonly startedAtMs: number;
  readonly pid: number;
  readonly processGone: boolean;
  /** Entered already, but with another image or other ports. */
  readonly known: boolean;
}

/** Sorts out which of the containers that belong to no managed component are new, changed or gone. */
export function foreignContainers(input: {
  components: readonly KnownComponent[];
  /** Those of no managed component, one of each name. */
  containers: readonly SeenContainer[];
  services: readonly string[];
  skip: (service: string) => boolean;
}): Foreign {
  const names = new Set(input.containers.map(({ name }) => name));
  const ignored = new Map<string, KnownComponent>();
  const taken = new Set<string>();
  for (const known of input.components) {
    if (known.desired === "ignore") ignored.set(containerName(known.service, known.component), known);
    else taken.add(containerName(known.service, known.component));
  }
  const appeared = input.containers.flatMap((container) => {
    if (taken.has(container.name)) return [];
    const known = ignored.get(container.name);
    const entry = foreignContainer(
      container,
      known ?? placeOf(container, input.services),
      known !== undefined,
    );
    if (input.skip(entry.service) || (known !== undefined && isSame(known, entry))) return [];
    return [entry];
  });
  const vanished = [...ignored.entries()]
    .filter(([name, { service }]) => !names.has(name) && !input.skip(service))
    .map(([, { service, component }]) => ({ service, component }));
  return { appeared, vanished };
}

/** Where a foreign container is entered: as its labels say, else as its name says. The name of an entry must
 * lead back to its container; where splitting loses it (`a-a`), the whole name serves as both. */
function placeOf(
  { name, owner }: SeenContainer,
  services: readonly string[],
): { service: string; component: string } {
  if (owner !== undefined) return owner;
  const place = splitContainerName(name, [...platformServices, ...services]);
  return containerName(place.service, place.component) === name ? place : { service: name, component: name };
}

function foreignContainer(
  container: SeenContainer,
  { service, component }: { service: string; component: string },
  known: boolean,
): ForeignContainer {
  const state = observedState(container, "ignore");
  return {
    service,
    component,
    image: container.image,
    version: versionOf(container.image),
    network: container.network,
    ports: [...new Set(container.ports)],
    state,
    exitCode: observedExitCode(container),
    startedAtMs: state === "running" ? container.startedAtMs : 0,
    pid: state === "running" ? container.pid : 0,
    processGone: container.processGone,
    known,
  };
}

function isSame(known: KnownComponent, { image, ports }: ForeignContainer): boolean {
  return (
    known.image === image &&
    known.ports.length === ports.length &&
    known.ports.every((port) => ports.includes(port))
  );
}

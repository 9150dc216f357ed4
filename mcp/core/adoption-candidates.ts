import { containerName, platformServices, splitContainerName } from "./names.ts";

/** What the name and the labels of a container say about whose it is. */
export interface NamedContainer {
  readonly name: string;
  /** Service in MCP's own label; undefined where MCP did not create it. */
  readonly labelled: string | undefined;
  /** Project that compose created it for; undefined: none. */
  readonly project: string | undefined;
}

/** Which containers belong to a service by their names.
 * A name goes to the longest known service that it begins with, so `mc-proxy` never goes to a service `mc`. Known
 * are the services of the platform, those that the registry manages or the operator has definitions of, those in
 * MCP's labels, and compose projects that their containers are named after. Pure. */
export function adoptionCandidates<Named extends NamedContainer>(
  service: string,
  containers: readonly Named[],
  known: Iterable<string>,
): { container: Named; component: string }[] {
  const services = new Set([
    service,
    ...platformServices,
    ...known,
    ...containers.flatMap(({ labelled }) => labelled ?? []),
    ...containers.flatMap(({ name, project }) =>
      project !== undefined && begins(name, project) ? project : [],
    ),
  ]);
  return containers.flatMap((container) => {
    if (container.labelled !== undefined && container.labelled !== service) return [];
    const place = splitContainerName(container.name, services);
    if (place.service !== service) return [];
    // What a container of `a` called `a-a` would be named is `a`, which another may have.
    const isItsName = containerName(service, place.component) === container.name;
    return [{ container, component: isItsName ? place.component : container.name }];
  });
}

const composePrefixes = ["io.podman.compose.", "com.docker.compose."];

export function isComposeLabel(name: string): boolean {
  return composePrefixes.some((prefix) => name.startsWith(prefix));
}

/** Project of compose that a container was created for, by its labels. */
export function composeProject(labels: Readonly<Record<string, string>>): string | undefined {
  return composePrefixes.map((prefix) => labels[`${prefix}project`]).find((project) => project !== undefined);
}

/** Containers that a service may have been meant for: `shop_web` and `Shop-web` for `shop`, and the like. */
export function nearlyCandidates(service: string, names: readonly string[]): string[] {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const wanted = plain(service);
  return names.filter((name) => plain(name).includes(wanted));
}

function begins(name: string, service: string): boolean {
  return name === service || name.startsWith(`${service}-`);
}

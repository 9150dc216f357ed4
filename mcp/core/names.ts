import type { ServiceSpec } from "./spec.ts";

/** Name of a component's container: `<service>-<component>`, or the bare name where both are the same. */
export function containerName(service: string, component: string): string {
  return service === component ? service : `${service}-${component}`;
}

/** Suffixes of a component's second container while it is being replaced. A dot cannot occur in the names
 * of services and components, so these never collide with another component's container. */
export const nextSuffix = ".next";
export const previousSuffix = ".previous";

/** Services of the platform itself whose names begin like another's (`mc`): known before any registry is. */
export const platformServices: readonly ServiceSpec["name"][] = ["mc-proxy"];

/** Service and component that a container name stands for. Known services are tried first, longest first,
 * so that `mc-proxy` is not read as component `proxy` of a service `mc`; else the first `-` splits. */
export function splitContainerName(
  container: string,
  knownServices: Iterable<ServiceSpec["name"]>,
): { service: string; component: string } {
  const candidates = [...knownServices]
    .filter((service) => container === service || container.startsWith(`${service}-`))
    .toSorted((a, b) => b.length - a.length);
  const service = candidates[0];
  if (service !== undefined) {
    const rest = container.slice(service.length + 1);
    return { service, component: rest === "" ? service : rest };
  }
  const dash = container.indexOf("-");
  if (dash <= 0 || dash === container.length - 1) return { service: container, component: container };
  return { service: container.slice(0, dash), component: container.slice(dash + 1) };
}

/** Environment variable that tells a container the port of a route: `PORT` for the one without a name. */
export function routeVariable(route: string): string {
  return route === "" ? "PORT" : `PORT_${route.toUpperCase().replaceAll("-", "_")}`;
}

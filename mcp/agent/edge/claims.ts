import type { Claim } from "@metacircular/mcp-core/edge/edge-input.ts";
import { wantedRoutes } from "@metacircular/mcp-core/edge/wanted.ts";
import type { Registry } from "../registry/registry.ts";

/** The routes of the components of other services that should run. */
export function claimsOfOthers(service: string, registry: Registry, zone: string): Claim[] {
  return registry.components
    .all()
    .filter((component) => component.service !== service && component.desired === "running")
    .flatMap((component) =>
      wantedRoutes(component.service, component.spec, zone).map(({ port, hostname }) => ({
        service: component.service,
        component: component.spec.name,
        port,
        hostname,
      })),
    );
}

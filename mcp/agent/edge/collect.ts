import type { EdgeInput } from "@metacircular/mcp-core/edge/edge-input.ts";
import { wantedRoutes } from "@metacircular/mcp-core/edge/wanted.ts";
import { type Intent, serviceOf } from "@metacircular/mcp-core/intent.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import type { Registry } from "../registry/registry.ts";
import { claimsOfOthers } from "./claims.ts";
import type { Edge } from "./edge.ts";

/** What a plan needs to know of the edge. Undefined where the service has nothing to do with it: then nobody is
 * asked. */
export async function collectEdge(
  intent: Intent,
  { edge, registry, nowMs }: { edge: Edge | undefined; registry: Registry; nowMs: number },
  signal: AbortSignal,
): Promise<EdgeInput | undefined> {
  if (edge === undefined) return undefined;
  const service = serviceOf(intent);
  const { settings } = edge;
  const own = registry.edge.ofService(service).map(({ hostname }) => hostname);
  const declared = specsOf(intent, registry)
    .flatMap((spec) => wantedRoutes(service, spec, settings.zone))
    .map(({ hostname }) => hostname);
  const hostnames = [...new Set([...own, ...declared])];
  if (hostnames.length === 0) return undefined;
  return {
    ...(await edge.observe(hostnames, signal)),
    settings,
    nowMs,
    effects: registry.edge.all(),
    others: claimsOfOthers(service, registry, settings.zone),
  };
}

function specsOf(intent: Intent, registry: Registry): ComponentSpec[] {
  const registered = (registry.service(serviceOf(intent))?.components ?? []).map(({ spec }) => spec);
  return "spec" in intent ? [...intent.spec.components, ...registered] : registered;
}

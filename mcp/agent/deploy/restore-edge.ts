import { createEdgePlanner } from "@metacircular/mcp-core/edge/edge-planner.ts";
import type { EdgeEffect } from "@metacircular/mcp-core/edge/effect.ts";
import { nothingWanted, type Wanted, wantedBefore } from "@metacircular/mcp-core/edge/wanted.ts";
import type { ObservedContainer } from "@metacircular/mcp-core/observed.ts";
import type { ContainerTarget } from "@metacircular/mcp-core/plan-component.ts";
import { defaultHealth, type HealthSpec } from "@metacircular/mcp-core/spec.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";
import { claimsOfOthers } from "../edge/claims.ts";
import type { RestorePoint } from "../registry/operations.ts";
import type { StepContext } from "./step-context.ts";

/** Puts what leads the routes of a component back to the container that runs again between the steps that bring it
 * back. Goes by what is written down: nobody is asked. Certificates stay as they are. */
export function withRestoredEdge(
  containers: readonly Step[],
  { component, effects = [] }: RestorePoint,
  target: ContainerTarget,
  observed: readonly ObservedContainer[],
  { edge, registry, service, clock }: StepContext,
): Step[] {
  if (edge === undefined) return [...containers];
  const { settings } = edge;
  const all = registry.edge.all();
  const wantedOf = (list: readonly EdgeEffect[]): Wanted => ({
    ...wantedBefore(list, settings),
    certificates: [],
  });
  const neighbours = registry.components
    .ofService(service)
    .filter(({ spec, desired }) => spec.name !== component && desired === "running")
    .map(({ spec: { name } }) => {
      const own = all.filter((effect) => effect.service === service && effect.component === name);
      return [name, wantedOf(own)] as const;
    });
  const planner = createEdgePlanner({
    service,
    observed: new Map([[component, observed]]),
    registered: [],
    wanted: new Map(neighbours),
    mayRemove: ({ kind }) => kind !== "certificate",
    edge: {
      settings,
      nowMs: clock.now(),
      effects: all,
      others: claimsOfOthers(service, registry, settings.zone),
      routes: undefined,
      records: undefined,
      certificates: new Map(),
    },
  });
  const runs = target.want === "running" || (target.want === "restored" && target.running);
  if (!runs) return planner.stopped(component, containers, false);
  const wanted = effects.length === 0 ? nothingWanted : wantedOf(effects);
  const kept = target.want === "restored" ? observed.find(({ id }) => id === target.id) : undefined;
  const { health, firstRoute } = probeOf(target);
  return planner.restored({ component, health, firstRoute, wanted, ports: kept?.hostPorts }, containers);
}

function probeOf(target: ContainerTarget): { health: HealthSpec; firstRoute: string } {
  if (target.want === "restored") return target;
  if (target.want !== "running") return { health: defaultHealth, firstRoute: "" };
  return { health: target.spec.health, firstRoute: target.spec.routes[0]?.name ?? "" };
}

import type { HostPorts } from "../observed.ts";
import type { Step } from "../step.ts";
import { type EdgeInput, isCertificateDue, routeKey } from "./edge-input.ts";
import { type EdgeEffect, type EffectKey, effectKey } from "./effect.ts";
import type { Wanted, WantedRoute } from "./wanted.ts";

/** Steps at the edge for one component, in the groups in which they belong between those of its containers. */
export interface EdgeSteps {
  /** Before anything is touched. */
  readonly checks: readonly Step[];
  readonly certificates: readonly Step[];
  /** Once its container is healthy. */
  readonly registrations: readonly Step[];
  readonly removedRoutes: readonly Step[];
  readonly setNames: readonly Step[];
  readonly removedNames: readonly Step[];
  readonly removedCertificates: readonly Step[];
}

export interface ComponentEdge {
  readonly service: string;
  readonly component: string;
  readonly wanted: Wanted;
  /** Of the container that is the component's own in the end. */
  readonly ports: HostPorts;
  /** What was set for it, and what it wants no longer but nobody else either, is taken away where this holds. */
  readonly mayRemove: (effect: EdgeEffect) => boolean;
  /** Whether a container runs there that the plan may stop. */
  readonly isAlive: (backend: string) => boolean;
  /** Somebody else wants it, too. */
  readonly isNeeded: (key: EffectKey) => boolean;
}

/** Compares what a component should have at the edge with what it has. Of a service that does not answer it goes by
 * what was set before. No steps where all is as it should be. Pure. */
export function planEdge(edge: EdgeInput, of: ComponentEdge): EdgeSteps {
  const { component, wanted } = of;
  const registrations = wanted.routes.flatMap((route) => registration(edge, of, route));
  const moved = wanted.routes.filter((route) =>
    registrations.some((step) => step.port === route.port && step.hostname === route.hostname),
  );
  const removed = removals(edge, of);
  const ofKind = (kind: EdgeEffect["kind"]) => removed.filter((effect) => effect.kind === kind);
  return {
    checks:
      moved.length === 0
        ? []
        : [
            {
              kind: "check-routes",
              component,
              routes: moved.map(({ port, hostname, mode }) => ({ port, hostname, mode })),
            },
          ],
    certificates: wanted.certificates
      .filter((hostname) => needsCertificate(edge, hostname))
      .map((hostname) => ({ kind: "provision-certificate", component, hostname })),
    registrations,
    removedRoutes: ofKind("route").map(({ port, hostname }) => ({
      kind: "remove-route",
      component,
      port,
      hostname,
    })),
    setNames: wanted.names.flatMap((hostname) => naming(edge, component, hostname)),
    removedNames: ofKind("dns").map(({ hostname, target: address }) => ({
      kind: "remove-dns",
      component,
      hostname,
      address,
    })),
    removedCertificates: ofKind("certificate").map(({ hostname }) => ({
      kind: "remove-certificate",
      component,
      hostname,
    })),
  };
}

type Registration = Extract<Step, { kind: "register-route" }>;

function registration(edge: EdgeInput, of: ComponentEdge, route: WantedRoute): Registration[] {
  const { service, component, ports } = of;
  const hostPort = ports[route.name];
  if (hostPort === undefined || edge.settings.routes === undefined) return [];
  const { name, port, hostname, mode } = route;
  const backend = `${edge.settings.routes.backendAddress}:${hostPort}`;
  const known = effectOf(edge, { kind: "route", port, hostname });
  const isOwn = known?.service === service && known.component === component && known.route === name;
  const isSet = isOwn && known.mode === mode && isDone(known, backend);
  const seen = edge.routes?.get(routeKey(route));
  const isThere = edge.routes === undefined || (seen?.backend === backend && seen.mode === mode);
  if (isSet && isThere) return [];
  const movesFrom = movedFrom(edge, of, { ...route, backend });
  return [{ kind: "register-route", component, route: name, port, hostname, mode, backend, ...movesFrom }];
}

/** By what is seen, or else by what was set. */
function movedFrom(
  edge: EdgeInput,
  { isAlive }: ComponentEdge,
  { backend, ...route }: WantedRoute & { backend: string },
): Pick<Registration, "movesFrom"> {
  const leadsTo =
    edge.routes === undefined
      ? effectOf(edge, { ...route, kind: "route" })?.target
      : edge.routes.get(routeKey(route))?.backend;
  return leadsTo === undefined || leadsTo === backend || !isAlive(leadsTo) ? {} : { movesFrom: leadsTo };
}

function naming(edge: EdgeInput, component: string, hostname: string): Step[] {
  if (edge.settings.dns === undefined) return [];
  const address = edge.settings.dns.nodeAddress;
  const known = effectOf(edge, { kind: "dns", port: 0, hostname });
  const seen = edge.records?.get(hostname);
  const isThere = edge.records === undefined || (seen?.length === 1 && seen[0] === address);
  if (known !== undefined && isDone(known, address) && isThere) return [];
  return [{ kind: "set-dns", component, hostname, address }];
}

/** One that is there and good is used, whoever put it there. */
function needsCertificate({ settings, certificates, effects, nowMs }: EdgeInput, hostname: string): boolean {
  if (settings.certificates === undefined) return false;
  if (isCertificateDue(certificates.get(hostname), settings.certificates, nowMs)) return true;
  const known = effects.find((effect) => effect.kind === "certificate" && effect.hostname === hostname);
  return known !== undefined && (!known.wanted || known.pending !== undefined);
}

function isDone({ wanted, pending, target }: EdgeEffect, wantedTarget: string): boolean {
  return wanted && pending === undefined && target === wantedTarget;
}

function removals({ effects }: EdgeInput, of: ComponentEdge): EdgeEffect[] {
  const { wanted, mayRemove, isNeeded } = of;
  const own = new Set([
    ...wanted.routes.map(({ port, hostname }) => effectKey({ kind: "route", port, hostname })),
    ...wanted.certificates.map((hostname) => effectKey({ kind: "certificate", port: 0, hostname })),
    ...wanted.names.map((hostname) => effectKey({ kind: "dns", port: 0, hostname })),
  ]);
  return effects.filter((effect) => mayRemove(effect) && !own.has(effectKey(effect)) && !isNeeded(effect));
}

function effectOf(edge: EdgeInput, key: EffectKey): EdgeEffect | undefined {
  return edge.effects.find((effect) => effectKey(effect) === effectKey(key));
}

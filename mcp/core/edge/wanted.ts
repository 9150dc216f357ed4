import type { ComponentSpec, RouteSpec } from "../spec.ts";
import type { EdgeSettings } from "./edge-input.ts";
import type { EdgeEffect } from "./effect.ts";
import { recordName, routeHostname } from "./hostname.ts";

/** A route with its host name filled in. */
export interface WantedRoute {
  readonly name: string;
  readonly port: number;
  readonly hostname: string;
  readonly mode: RouteSpec["mode"];
}

/** What a component should have at the edge while it runs. */
export interface Wanted {
  readonly routes: readonly WantedRoute[];
  /** Host names with a certificate. */
  readonly certificates: readonly string[];
  /** Host names with a record. */
  readonly names: readonly string[];
}

export const nothingWanted: Wanted = { routes: [], certificates: [], names: [] };

export function wantedRoutes(
  service: string,
  { routes }: Pick<ComponentSpec, "routes">,
  zone: string,
): WantedRoute[] {
  return routes.map((route) => {
    const { name, port, mode } = route;
    return { name, port, mode, hostname: routeHostname(service, route, zone) };
  });
}

/** What a component wants by its declaration, as far as the agent looks after it. */
export function wantedBy(service: string, spec: ComponentSpec, settings: EdgeSettings): Wanted {
  return wantedFor(wantedRoutes(service, spec, settings.zone), settings);
}

/** What a component wants by what was set for it before: what is declared may be newer than what was deployed. */
export function wantedBefore(effects: readonly EdgeEffect[], settings: EdgeSettings): Wanted {
  const kept = effects.filter(({ wanted }) => wanted);
  const routes = kept.flatMap(({ kind, route: name, port, hostname, mode }) =>
    kind === "route" && mode !== "" ? [{ name, port, hostname, mode }] : [],
  );
  const ofKind = (wanted: EdgeEffect["kind"]) =>
    kept.filter(({ kind }) => kind === wanted).map(({ hostname }) => hostname);
  const { certificates, names } = wantedFor(routes, settings);
  return {
    routes,
    certificates:
      settings.certificates === undefined ? [] : distinct([...certificates, ...ofKind("certificate")]),
    names: settings.dns === undefined ? [] : distinct([...names, ...ofKind("dns")]),
  };
}

function wantedFor(
  routes: readonly WantedRoute[],
  { zone, routes: proxy, certificates, dns }: EdgeSettings,
): Wanted {
  const terminated = routes.filter(({ mode }) => mode === "l7").map(({ hostname }) => hostname);
  const named = routes
    .map(({ hostname }) => hostname)
    .filter((hostname) => recordName(hostname, zone) !== undefined);
  return {
    routes: proxy === undefined ? [] : routes,
    certificates: certificates === undefined ? [] : distinct(terminated),
    names: dns === undefined ? [] : distinct(named),
  };
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)];
}

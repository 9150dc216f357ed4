import type { RouteSpec, ServiceSpec } from "../spec.ts";
import { checkLabel } from "./names.ts";
import { type Path, type Problem, quote } from "./problem.ts";

const hostLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A lower-case host name without a trailing dot (RFC 1123). */
export const hostnamePattern = "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$";

/** Names, ports and host names of all routes, and routes that the proxy could not tell apart. */
export function checkRoutes(spec: ServiceSpec): Problem[] {
  const problems: Problem[] = [];
  const claims = new Map<string, string>();
  for (const [index, component] of spec.components.entries()) {
    const names = new Set<string>();
    for (const [position, route] of component.routes.entries()) {
      const path: Path = ["components", index, "routes", position];
      problems.push(...checkRoute(route, path));
      if (names.has(route.name)) problems.push(repeatedName(route.name, path));
      names.add(route.name);
      const claim = `${route.port} ${route.hostname}`;
      const holder = claims.get(claim);
      if (holder !== undefined) problems.push(clash(route, holder, path));
      else claims.set(claim, component.name);
    }
  }
  return problems;
}

function checkRoute(route: RouteSpec, path: Path): Problem[] {
  const problems = route.name === "" ? [] : checkLabel("route", route.name, [...path, "name"]);
  if (!Number.isInteger(route.port) || route.port < 1 || route.port > 65_535) {
    problems.push({
      path: [...path, "port"],
      message: `route port ${route.port} is not a port (1 to 65535)`,
    });
  }
  if (route.hostname !== "" && !isHostname(route.hostname)) {
    const message = `route hostname ${quote(route.hostname)} is not a host name (lower case, e.g. "www.example.net")`;
    problems.push({ path: [...path, "hostname"], message });
  }
  return problems;
}

function isHostname(text: string): boolean {
  return text.length <= 253 && text.split(".").every((part) => hostLabel.test(part));
}

function repeatedName(name: string, path: Path): Problem {
  if (name !== "")
    return { path: [...path, "name"], message: `route name "${name}" is used twice in this component` };
  return {
    path,
    message: "second route without a name (at most one; name it, and its port is $PORT_<NAME>)",
  };
}

function clash(route: RouteSpec, holder: string, path: Path): Problem {
  const hostname = route.hostname === "" ? "the default host name" : `"${route.hostname}"`;
  const message = `route to port ${route.port} of ${hostname} is already taken by component "${holder}" (change port or hostname)`;
  return { path: [...path, "port"], message };
}

import {
  type ComponentSpec,
  defaultHealth,
  type HealthSpec,
  type RouteSpec,
} from "@metacircular/mcp-core/spec.ts";

/** A component with nothing but a name and an image, and the given fields. */
export function aComponent(fields: Partial<ComponentSpec> = {}): ComponentSpec {
  return {
    name: "api",
    image: "localhost/api:v1",
    network: "",
    user: "",
    restart: "unless-stopped",
    ports: [],
    volumes: [],
    cmd: [],
    env: [],
    routes: [],
    health: defaultHealth,
    update: "auto",
    ...fields,
  };
}

/** A route with nothing but a port, and the given fields. */
export function aRoute(fields: Partial<RouteSpec> = {}): RouteSpec {
  return { name: "", port: 443, mode: "l7", hostname: "", ...fields };
}

/** Health by HTTP on the first route: found out quickly, and given up late, for slow and busy machines. */
export function httpHealth(path: string): HealthSpec {
  return {
    probe: { kind: "http", path, route: "" },
    intervalMs: 100,
    timeoutMs: 2_000,
    deadlineMs: 90_000,
    settleMs: 3_000,
  };
}

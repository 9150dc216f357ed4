import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { recordName } from "@metacircular/mcp-core/edge/hostname.ts";
import type { CheckedRoute, StepOf } from "@metacircular/mcp-core/step.ts";
import { claimsOfOthers } from "../../edge/claims.ts";
import { isUnreachable } from "../../edge/reachability.ts";
import type { StepContext } from "../step-context.ts";

/** Fails where another service has one of the routes, the proxy does not serve its port, or the name server refuses to
 * be asked. One that does not answer fails nothing: what it would have been told is pending then. What the agent does
 * by itself is not checked, as it keeps what was checked before. */
export async function checkRoutes(
  { component, routes }: StepOf<"check-routes">,
  { edge, registry, service, intent, signal }: StepContext,
): Promise<void> {
  if (edge === undefined || intent.kind === "edge" || intent.kind === "repair") return;
  const claims = claimsOfOthers(service, registry, edge.settings.zone);
  for (const route of routes) {
    const holder = claims.find(({ port, hostname }) => port === route.port && hostname === route.hostname);
    if (holder !== undefined) throw taken(route, `${holder.service}/${holder.component}`);
  }
  try {
    const proxy = await edge.routes?.status(signal);
    const isServed = (port: number) => proxy === undefined || proxy.anyPort || proxy.ports.includes(port);
    const unserved = routes.find(({ port }) => !isServed(port));
    if (unserved !== undefined) throw notServed(`${service}/${component}`, unserved, proxy?.ports ?? []);
  } catch (error) {
    if (!isUnreachable(error)) throw error;
  }
  for (const { hostname } of routes) {
    const name = edge.names && recordName(hostname, edge.names.zone);
    if (name === undefined) continue;
    await edge.names?.records.list(name, "A", signal).catch((error: unknown) => {
      if (!isUnreachable(error)) throw error;
    });
  }
}

function taken({ port, hostname }: CheckedRoute, holder: string): DetailedError {
  return new DetailedError({
    code: "ROUTE_TAKEN",
    category: "already-exists",
    attempted: "use the route",
    subject: `${hostname}:${port}`,
    found: `${holder} has it`,
    remedy: `give one of the two another port or hostname, or stop ${holder.split("/")[0] ?? ""}`,
    facts: { holder },
  });
}

function notServed(subject: string, { port }: CheckedRoute, ports: readonly number[]): DetailedError {
  return new DetailedError({
    code: "ROUTE_PORT_NOT_SERVED",
    category: "failed-precondition",
    attempted: "route to",
    subject,
    found: `the proxy does not serve port ${port}, only ${ports.join(", ")}`,
    remedy: "correct the port of the route, or add a listener to the proxy's configuration",
    facts: { port: String(port) },
  });
}

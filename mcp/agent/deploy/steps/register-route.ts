import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { carryOut } from "../../edge/carry-out.ts";
import type { StepContext } from "../step-context.ts";

/** Leads a route to its component. When it returns, new requests go there, or it is pending; the latter only where it
 * leads to nothing else that runs. */
export async function registerRoute(step: StepOf<"register-route">, context: StepContext): Promise<void> {
  const { edge, service, signal } = context;
  const { component, route, port, hostname, mode, backend, movesFrom: leadsTo } = step;
  if (edge?.routes === undefined) return;
  const { routes } = edge;
  await carryOut(
    { kind: "route", port, hostname, service, component, route, mode, target: backend, wanted: true },
    () => routes.add({ port, hostname, mode, backend, owner: `${service}/${component}` }, signal),
    { ...context, leadsTo },
  );
}

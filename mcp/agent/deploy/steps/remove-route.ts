import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { carryOut } from "../../edge/carry-out.ts";
import type { StepContext } from "../step-context.ts";

/** Takes a route away. What cannot be taken away now is pending. */
export async function removeRoute(
  { component, port, hostname }: StepOf<"remove-route">,
  context: StepContext,
): Promise<void> {
  const { edge, registry, service, signal } = context;
  const key = { kind: "route", port, hostname } as const;
  const { route = "", mode = "", target = "" } = registry.edge.get(key) ?? {};
  await carryOut(
    { ...key, service, component, route, mode, target, wanted: false },
    async () => edge?.routes?.remove({ port, hostname }, signal),
    context,
  );
}

import { hostnameEffect } from "@metacircular/mcp-core/edge/effect.ts";
import { addressType, recordName } from "@metacircular/mcp-core/edge/hostname.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { carryOut } from "../../edge/carry-out.ts";
import type { StepContext } from "../step-context.ts";

/** Lets a host name resolve to the node. */
export async function setDns(
  { component, hostname, address }: StepOf<"set-dns">,
  context: StepContext,
): Promise<void> {
  const { edge, service, signal } = context;
  const name = edge?.names && recordName(hostname, edge.names.zone);
  if (edge?.names === undefined || name === undefined) return;
  const { records, ttlS } = edge.names;
  await carryOut(
    hostnameEffect({ kind: "dns", hostname, service, component, target: address, wanted: true }),
    () => records.replace({ name, type: addressType(address), data: [address], ttlS }, signal),
    context,
  );
}

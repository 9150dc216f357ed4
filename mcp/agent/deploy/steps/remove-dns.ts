import { hostnameEffect } from "@metacircular/mcp-core/edge/effect.ts";
import { addressType, recordName } from "@metacircular/mcp-core/edge/hostname.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { carryOut } from "../../edge/carry-out.ts";
import type { StepContext } from "../step-context.ts";

/** Removes the record of a host name, unless it leads elsewhere by now: the service may have moved to another node.
 * What cannot be removed now is pending. */
export async function removeDns(
  { component, hostname, address }: StepOf<"remove-dns">,
  context: StepContext,
): Promise<void> {
  const { edge, service, signal } = context;
  await carryOut(
    hostnameEffect({ kind: "dns", hostname, service, component, target: address, wanted: false }),
    async () => {
      const name = edge?.names && recordName(hostname, edge.names.zone);
      if (edge?.names === undefined || name === undefined) return;
      const { records, ttlS } = edge.names;
      const type = addressType(address);
      const found = await records.list(name, type, signal);
      if (found.includes(address)) {
        const data = found.filter((other) => other !== address);
        await records.replace({ name, type, data, ttlS }, signal);
      }
    },
    context,
  );
}

import { fine, type Judgement, warning } from "@metacircular/mcp-core/doctor/finding.ts";

import type { DefinedService } from "./definitions.ts";

/** Services by the node that has them. */
export type Holdings = ReadonlyMap<string, readonly string[]>;

/** Services that several nodes have, or another node than their definition names.
 * @param holdings of the nodes that answered */
export function judgePlacement(holdings: Holdings, defined: readonly DefinedService[]): Judgement[] {
  const holders = new Map<string, string[]>();
  for (const [node, services] of holdings) {
    for (const service of services) holders.set(service, [...(holders.get(service) ?? []), node]);
  }
  const wrong = [...holders].flatMap(([service, nodes]) => {
    const wanted = defined.find((each) => each.service === service)?.node;
    const others = nodes.filter((node) => node !== wanted);
    if (nodes.length > 1) return [several(service, nodes, wanted)];
    return wanted === undefined || !holdings.has(wanted) || others.length === 0
      ? []
      : [elsewhere(service, others.join(", "), wanted)];
  });
  return wrong.length > 0 ? wrong : [fine("services", `${holders.size} services, each on one node`)];
}

function several(service: string, nodes: readonly string[], wanted: string | undefined): Judgement {
  const extra = nodes.find((node) => node !== wanted) ?? "";
  const defined = wanted === undefined ? "" : `; its definition names ${wanted}`;
  return warning(
    service,
    `nodes ${nodes.join(" and ")} have it${defined}`,
    `mcp undeploy ${service} --node ${wanted === undefined ? "<node>" : extra}`,
  );
}

function elsewhere(service: string, node: string, wanted: string): Judgement {
  return warning(
    service,
    `node ${node} has it, but its definition names ${wanted}`,
    `mcp deploy ${service}, then mcp undeploy ${service} --node ${node}`,
  );
}

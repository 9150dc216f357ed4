import type { DesiredState } from "../../engine/desired-state.ts";
import { field } from "../entries.ts";

/** Conditions under which a connection would come back to the proxy, for ever: its destination is one of the proxy's own
 * ports, either because the route says so, or because its entry has no address, and setting it has failed silently. To be
 * judged after the destination is set. The port comes first: `dst_is_local` asks the kernel, which costs more than all
 * other rules together. */
export function loopGuards({ listeners, http, metrics }: DesiredState, scope: "sess" | "txn"): string[] {
  const own = [...listeners, ...(http?.listen ?? []), ...(metrics === undefined ? [] : [metrics])];
  const ports = [...new Set(own.map(({ port }) => port))].toSorted((left, right) => left - right);
  const ownPort = `{ dst_port ${ports.join(" ")} }`;
  const hasAddress = `{ var(${scope}.route),field(${field.address},|) -m ip 0.0.0.0/0 ::/0 }`;
  return [`${ownPort} !${hasAddress}`, `${ownPort} { dst_is_local }`];
}

/** What the rate of a client at a route is counted under: a digest, so that long names need no large table. */
export function clientOfRoute(scope: "sess" | "txn"): string {
  return `src,concat(|,${scope}.key),sha1`;
}

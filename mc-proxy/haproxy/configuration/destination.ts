import type { DesiredState } from "../../engine/desired-state.ts";
import { field } from "../entries.ts";

/** The condition under which a connection does not come back to the proxy, for ever: its destination is none of the proxy's
 * own ports, be it because the route says so, or because its entry has no address, and setting it has failed silently. To
 * be judged after the destination is set. The port comes first: `dst_is_local` asks the kernel, which costs more than all
 * other rules together. */
export function leadsAway({ listeners, http, metrics }: DesiredState, scope: "sess" | "txn"): string {
  const own = [...listeners, ...(http?.listen ?? []), ...(metrics === undefined ? [] : [metrics])];
  const ports = [...new Set(own.map(({ port }) => port))].toSorted((left, right) => left - right);
  const hasAddress = `{ var(${scope}.route),field(${field.address},|) -m ip 0.0.0.0/0 ::/0 }`;
  return `!{ dst_port ${ports.join(" ")} } || ${hasAddress} !{ dst_is_local }`;
}

/** What the rate of a client at a route is counted under: a digest, so that long names need no large table. */
export function clientOfRoute(scope: "sess" | "txn"): string {
  return `src,concat(|,${scope}.key),sha1`;
}

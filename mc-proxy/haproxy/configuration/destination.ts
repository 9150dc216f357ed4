import type { DesiredState } from "../../engine/desired-state.ts";
import { field } from "../entries.ts";

/** A condition: the route's entry has an address. Where an entry has none, the destination would stay the proxy itself. */
export function usableAddress(scope: "sess" | "txn"): string {
  return `{ var(${scope}.route),field(${field.address},|) -m ip 0.0.0.0/0 ::/0 }`;
}

/** Conditions under which a connection would come back to the proxy, for ever: its destination is one of its own ports.
 * To be judged after the destination is set. */
export function loopGuard({ listeners, http, metrics }: DesiredState): string[] {
  const own = [...listeners, ...(http?.listen ?? []), ...(metrics === undefined ? [] : [metrics])];
  const ports = [...new Set(own.map(({ port }) => port))].toSorted((left, right) => left - right);
  return [`{ dst_is_local } { dst_port ${ports.join(" ")} }`];
}

/** What the rate of a client at a route is counted under: a digest, so that long names need no large table. */
export function clientOfRoute(scope: "sess" | "txn"): string {
  return `src,concat(|,${scope}.key),sha1`;
}

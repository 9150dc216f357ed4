import type { Authorization } from "../authorization.ts";
import type { AcmeOrder } from "../order.ts";
import { AcmeProblem } from "../problem.ts";
import type { AcmeStore } from "../store/acme-store.ts";
import { type AcmeCall, callerOf } from "./call.ts";

/** The order, if it is the caller's.
 * @throws AcmeProblem malformed (404), unauthorized */
export function ownOrder(call: AcmeCall, id: string): AcmeOrder {
  return own(call, call.context.store.orders.get(id), "order");
}

/** The authorisation, if it is the caller's.
 * @throws AcmeProblem malformed (404), unauthorized */
export function ownAuthorization(call: AcmeCall, id: string): Authorization {
  return own(call, call.context.store.authorizations.get(id), "authorization");
}

function own<T extends { readonly accountId: string }>(
  call: AcmeCall,
  found: T | undefined,
  what: string,
): T {
  const caller = callerOf(call);
  if (found === undefined) throw new AcmeProblem("malformed", `there is no such ${what}`, { status: 404 });
  if (found.accountId === caller.id) return found;
  throw new AcmeProblem("unauthorized", `this ${what} belongs to another account`);
}

/** Those of an order that are still stored. */
export function authorizationsOf(store: AcmeStore, order: AcmeOrder): Authorization[] {
  return order.authorizationIds.flatMap((id) => store.authorizations.get(id) ?? []);
}

import type { AcmeAccount } from "../account.ts";
import { readContacts } from "../contact.ts";
import { actorOf, type MountContext } from "../context.ts";
import { orderStatus } from "../order.ts";
import { AcmeProblem } from "../problem.ts";
import type { AcmeAnswer } from "./answer.ts";
import { type AcmeCall, callerOf, mustBeEmpty } from "./call.ts";
import { accountShape } from "./shapes.ts";
import { authorizationsOf } from "./own.ts";

/** Shows, updates or deactivates the account (RFC 8555, sections 7.3.2 and 7.3.6). */
export async function account(call: AcmeCall, [id = ""]: readonly string[]): Promise<AcmeAnswer> {
  const own = ownAccount(call, id);
  const { context, payload } = call;
  if (payload === undefined) return answer(context, own);
  const { status } = payload;
  if (status !== undefined && status !== "deactivated" && status !== own.status) {
    throw new AcmeProblem("malformed", "the only status to ask for is deactivated");
  }
  const deactivated = status === "deactivated";
  if (!deactivated && payload["contact"] === undefined && payload["termsOfServiceAgreed"] !== true) {
    return answer(context, own);
  }
  const changed: AcmeAccount = {
    ...own,
    status: deactivated ? "deactivated" : own.status,
    contact: payload["contact"] === undefined ? own.contact : readContacts(payload["contact"]),
    termsOfServiceAgreed: own.termsOfServiceAgreed || payload["termsOfServiceAgreed"] === true,
  };
  const operation = deactivated ? "acme/deactivate-account" : "acme/update-account";
  context.ports.audit.change(
    { actor: actorOf(own), operation, mount: context.mount.name, subject: own.id },
    () => context.store.saveAccount(changed),
  );
  return answer(context, changed);
}

const pageSize = 100;

/** The account's orders that aren't invalid (RFC 8555, section 7.1.2.1), page by page.
 * @param query `cursor` from the link of the page before */
export async function accountOrders(
  call: AcmeCall,
  [id = ""]: readonly string[],
  query: URLSearchParams,
): Promise<AcmeAnswer> {
  const own = ownAccount(call, id);
  mustBeEmpty(call);
  const { store, urls, nowMs } = call.context;
  const after = query.get("cursor");
  if (after !== null && !/^[0-9a-f.]{1,80}$/.test(after))
    throw new AcmeProblem("malformed", "unknown cursor");
  const entries = store.orderEntries(own.id, { limit: pageSize, ...(after === null ? {} : { after }) });
  const orders = entries.flatMap(({ orderId }) => {
    const order = store.orders.get(orderId);
    const shown =
      order !== undefined && orderStatus(order, authorizationsOf(store, order), nowMs) !== "invalid";
    return shown ? [urls.order(orderId)] : [];
  });
  const last = entries.at(-1);
  const more = entries.length === pageSize && last !== undefined;
  return {
    status: 200,
    body: { orders },
    ...(more ? { links: [{ relation: "next", target: `${urls.orders(own.id)}?cursor=${last.entry}` }] } : {}),
  };
}

function ownAccount(call: AcmeCall, id: string): AcmeAccount {
  const own = callerOf(call);
  if (own.id === id) return own;
  throw new AcmeProblem("unauthorized", "this is another account");
}

function answer({ urls }: MountContext, own: AcmeAccount): AcmeAnswer {
  return { status: 200, body: accountShape(own, urls), headers: { location: urls.account(own.id) } };
}

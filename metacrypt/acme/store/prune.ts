import { isWorkOf } from "../work.ts";
import type { AcmeStore, DueEntry } from "./acme-store.ts";

/** How long what is over can still be looked at. */
export const retentionMs = 24 * 3_600_000;

const atOnceMaximum = 200;

/** Removes what is over for a day: expired orders and authorisations, orders and owners of certificates that ended,
 * rate limits that limit nothing any more. At most 200 at once, so that nobody waits.
 * @returns how many scheduled things were looked at */
export function prune(store: AcmeStore, nowMs: number): number {
  return store.transaction(() => {
    const entries = store.due(nowMs, atOnceMaximum);
    for (const entry of entries) {
      store.unschedule(entry);
      const againAtMs = looked[entry.kind](store, entry.id, nowMs);
      if (againAtMs !== undefined) store.schedule(entry.kind, entry.id, againAtMs);
    }
    return entries.length;
  });
}

/** Removes what is over, or says when to look again, milliseconds since the epoch. */
type Look = (store: AcmeStore, id: string, nowMs: number) => number | undefined;

const looked: Readonly<Record<DueEntry["kind"], Look>> = {
  order(store, id, nowMs) {
    const order = store.orders.get(id);
    if (order === undefined) return undefined;
    const certificate =
      order.serialNumber === undefined ? undefined : store.certificates.get(order.serialNumber);
    const keepUntilMs = Math.max(order.expiresAtMs, certificate?.notAfterMs ?? 0) + retentionMs;
    if (keepUntilMs > nowMs || isWorkOf(store, id)) return Math.max(keepUntilMs, nowMs + retentionMs);
    store.forgetOrder(order);
    return undefined;
  },
  authorization(store, id, nowMs) {
    const authorization = store.authorizations.get(id);
    if (authorization === undefined) return undefined;
    const keepUntilMs = authorization.expiresAtMs + retentionMs;
    if (keepUntilMs > nowMs) return keepUntilMs;
    store.forgetAuthorization(authorization);
    store.work.delete(`validate.${id}`);
    return undefined;
  },
  certificate(store, id) {
    store.certificates.delete(id);
    return undefined;
  },
  limit(store, id, nowMs) {
    const untilMs = store.limits.get(id);
    if (untilMs === undefined) return undefined;
    if (untilMs > nowMs) return untilMs;
    store.limits.delete(id);
    return undefined;
  },
};

import { AcmeProblem } from "./problem.ts";
import { type AcmeStore, pathPart } from "./store/acme-store.ts";

const hourMs = 3_600_000;

/** A limit of so many per hour for one thing, e.g. the orders of an account. */
export interface HourlyLimit {
  readonly kind: "account-orders" | "identifier-orders" | "failures" | "new-accounts";
  /** Of what, e.g. the account's id. */
  readonly key: string;
  readonly perHour: number;
  /** Continues "too many …". */
  readonly what: string;
}

/** Counts one against the limit. The limit refills evenly (the generic cell rate algorithm): all at once is possible
 * once an hour, and one more each hour divided by the limit. It survives restarts.
 * @throws AcmeProblem rateLimited, with Retry-After */
export function consume(store: AcmeStore, limit: HourlyLimit, nowMs: number): void {
  check(store, limit, nowMs);
  const id = idOf(limit);
  const emptyAtMs = Math.max(store.limits.get(id) ?? 0, nowMs) + hourMs / limit.perHour;
  if (store.limits.get(id) === undefined) store.schedule("limit", id, emptyAtMs);
  store.limits.put(id, emptyAtMs);
}

/** As `consume`, but counts nothing. */
export function check(store: AcmeStore, limit: HourlyLimit, nowMs: number): void {
  const emptyAtMs = Math.max(store.limits.get(idOf(limit)) ?? 0, nowMs) + hourMs / limit.perHour;
  const waitMs = emptyAtMs - nowMs - hourMs;
  // Fractions of a millisecond are rounding.
  if (waitMs < 1) return;
  const retryAfterS = Math.ceil(waitMs / 1_000);
  throw new AcmeProblem(
    "rateLimited",
    `too many ${limit.what}: ${limit.perHour} per hour; try again in ${retryAfterS} s`,
    { headers: { "retry-after": String(retryAfterS) } },
  );
}

function idOf({ kind, key }: HourlyLimit): string {
  return pathPart(`${kind} ${key}`);
}

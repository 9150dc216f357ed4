import type { AcmeAccount } from "../account.ts";
import { type Authorization, possibleChallenges } from "../authorization.ts";
import { actorOf, type MountContext, newId } from "../context.ts";
import {
  authorizedIdentifier,
  type Identifier,
  identifierKey,
  isWildcard,
  readIdentifiers,
} from "../identifier.ts";
import type { AcmeOrder } from "../order.ts";
import { AcmeProblem } from "../problem.ts";
import { check, consume } from "../rate-limit.ts";
import { retentionMs } from "../store/prune.ts";
import { checkPolicy } from "../subject.ts";
import { failureLimit } from "../validate-challenge.ts";
import type { AcmeAnswer } from "./answer.ts";
import { type AcmeCall, callerOf, payloadOf } from "./call.ts";
import { authorizationsOf } from "./own.ts";
import { orderShape } from "./shapes.ts";
import { replacedCertificate } from "./replaces.ts";

/** Below this an authorisation that could be reused would end before the order is done. */
const reuseMarginMs = 5 * 60_000;

/** Opens an order (RFC 8555, section 7.4).
 * @throws AcmeProblem malformed, unsupportedIdentifier, rejectedIdentifier, rateLimited, alreadyReplaced */
export async function newOrder(call: AcmeCall): Promise<AcmeAnswer> {
  const { context } = call;
  const account = callerOf(call);
  const payload = payloadOf(call);
  const identifiers = readIdentifiers(payload["identifiers"], context.settings.identifiersPerOrder);
  const times = readTimes(payload, context.nowMs);
  checkPolicy(context.ports.policy, context.mount.name, account, identifiers);
  const replaced = replacedCertificate(context, account, payload["replaces"], identifiers);
  const order = context.ports.audit.change(
    (opened: AcmeOrder) => ({
      actor: actorOf(account),
      operation: "acme/open-order",
      mount: context.mount.name,
      subject: opened.id,
      facts: { names: identifiers.map(({ value }) => value).join(" ") },
    }),
    () => {
      countOrder(context, account, identifiers, replaced !== undefined);
      const opened = openOrder(context, account, identifiers, times, replaced?.id);
      if (replaced !== undefined) {
        context.store.certificates.put(replaced.owner.serialNumber, {
          ...replaced.owner,
          replacedBy: opened.id,
        });
      }
      return opened;
    },
  );
  const { store, urls, nowMs } = context;
  return {
    status: 201,
    body: orderShape(order, authorizationsOf(store, order), urls, nowMs),
    headers: { location: urls.order(order.id) },
  };
}

interface Times {
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
}

function readTimes(payload: Readonly<Record<string, unknown>>, nowMs: number): Times {
  const notBeforeMs = readTime(payload["notBefore"], "notBefore");
  const notAfterMs = readTime(payload["notAfter"], "notAfter");
  if (notAfterMs !== undefined && notAfterMs <= Math.max(nowMs, notBeforeMs ?? 0)) {
    throw new AcmeProblem("malformed", "notAfter must be in the future, and after notBefore");
  }
  return {
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
    ...(notAfterMs === undefined ? {} : { notAfterMs }),
  };
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

function readTime(value: unknown, name: string): number | undefined {
  if (value === undefined || value === "") return undefined;
  const timestampMs = typeof value === "string" && rfc3339.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(timestampMs)) throw new AcmeProblem("malformed", `${name} is not a time of RFC 3339`);
  return timestampMs;
}

/** Renewals that say what they replace are what the server wants: they don't count for the identifiers. */
function countOrder(
  { store, settings, nowMs }: MountContext,
  account: AcmeAccount,
  identifiers: readonly Identifier[],
  renewal: boolean,
): void {
  const perHour = settings.ordersPerAccountHour;
  consume(store, { kind: "account-orders", key: account.id, perHour, what: "new orders" }, nowMs);
  for (const identifier of identifiers) {
    check(store, failureLimit(settings, account.id, { identifier: authorizedIdentifier(identifier) }), nowMs);
    if (renewal) continue;
    const limit = {
      kind: "identifier-orders" as const,
      key: identifierKey(identifier),
      perHour: settings.ordersPerIdentifierHour,
      what: `new orders for ${identifier.value}`,
    };
    consume(store, limit, nowMs);
  }
}

function openOrder(
  context: MountContext,
  account: AcmeAccount,
  identifiers: readonly Identifier[],
  times: Times,
  replaces: string | undefined,
): AcmeOrder {
  const { store, settings, random, nowMs } = context;
  const lifetimeEndMs = nowMs + settings.orderLifetimeSeconds * 1_000;
  const authorizations = identifiers.map(
    (identifier) =>
      reusable(context, account, identifier) ?? authorize(context, account, identifier, lifetimeEndMs),
  );
  const order: AcmeOrder = {
    id: newId(random),
    accountId: account.id,
    stage: "open",
    identifiers,
    authorizationIds: authorizations.map(({ id }) => id),
    ...times,
    createdAtMs: nowMs,
    expiresAtMs: Math.min(lifetimeEndMs, ...authorizations.map(({ expiresAtMs }) => expiresAtMs)),
    ...(replaces === undefined ? {} : { replaces }),
  };
  store.addOrder(order);
  store.schedule("order", order.id, order.expiresAtMs + retentionMs);
  return order;
}

/** An authorisation of the account that is still valid, where the mount lets it be used again. */
function reusable(
  { store, settings, nowMs }: MountContext,
  account: AcmeAccount,
  identifier: Identifier,
): Authorization | undefined {
  const wildcard = isWildcard(identifier);
  const found = store.validated(account.id, authorizedIdentifier(identifier), wildcard);
  if (found?.stage !== "valid" || found.expiresAtMs < nowMs + reuseMarginMs) return undefined;
  const validatedAtMs = found.challenges.find(({ status }) => status === "valid")?.validatedAtMs ?? 0;
  return validatedAtMs + settings.authorizationReuseSeconds * 1_000 > nowMs ? found : undefined;
}

function authorize(
  { store, settings, random }: MountContext,
  account: AcmeAccount,
  identifier: Identifier,
  expiresAtMs: number,
): Authorization {
  const wildcard = isWildcard(identifier);
  const types = possibleChallenges(identifier, wildcard, settings.challengeTypes);
  if (types.length === 0) {
    throw new AcmeProblem(
      "rejectedIdentifier",
      `no challenge of this server is possible for ${identifier.value}`,
    );
  }
  const authorization: Authorization = {
    id: newId(random),
    accountId: account.id,
    identifier: authorizedIdentifier(identifier),
    wildcard,
    stage: "pending",
    expiresAtMs,
    challenges: types.map((type) => ({ type, token: random(32), status: "pending" })),
  };
  store.authorizations.put(authorization.id, authorization);
  store.schedule("authorization", authorization.id, expiresAtMs + retentionMs);
  return authorization;
}

import type { AcmeAccount } from "../account.ts";
import { type Authorization, authorizationStatus, type Challenge } from "../authorization.ts";
import { type AcmeOrder, orderError, orderStatus } from "../order.ts";
import type { AcmeUrls } from "../urls.ts";

/** The account object (RFC 8555, section 7.1.2). */
export function accountShape(account: AcmeAccount, urls: AcmeUrls): object {
  return {
    status: account.status,
    contact: account.contact,
    ...(account.termsOfServiceAgreed ? { termsOfServiceAgreed: true } : {}),
    ...(account.binding === undefined ? {} : { externalAccountBinding: account.binding.jws }),
    orders: urls.orders(account.id),
  };
}

/** The order object (section 7.1.3). */
export function orderShape(
  order: AcmeOrder,
  authorizations: readonly Authorization[],
  urls: AcmeUrls,
  nowMs: number,
): object {
  const error = orderError(order, authorizations, nowMs);
  return {
    status: orderStatus(order, authorizations, nowMs),
    expires: time(order.expiresAtMs),
    identifiers: order.identifiers,
    ...(order.notBeforeMs === undefined ? {} : { notBefore: time(order.notBeforeMs) }),
    ...(order.notAfterMs === undefined ? {} : { notAfter: time(order.notAfterMs) }),
    ...(order.replaces === undefined ? {} : { replaces: order.replaces }),
    ...(error === undefined ? {} : { error }),
    authorizations: order.authorizationIds.map((id) => urls.authorization(id)),
    finalize: urls.finalize(order.id),
    ...(order.serialNumber === undefined ? {} : { certificate: urls.certificate(order.serialNumber) }),
  };
}

/** The authorisation object (section 7.1.4). Once it is decided, only the challenge that decided is shown. */
export function authorizationShape(authorization: Authorization, urls: AcmeUrls, nowMs: number): object {
  const decided = authorization.challenges.filter(({ status }) => status === "valid" || status === "invalid");
  const shown = decided.length > 0 ? decided : authorization.challenges;
  return {
    identifier: authorization.identifier,
    status: authorizationStatus(authorization, nowMs),
    expires: time(authorization.expiresAtMs),
    challenges: shown.map((challenge) => challengeShape(authorization.id, challenge, urls)),
    ...(authorization.wildcard ? { wildcard: true } : {}),
  };
}

/** The challenge object (section 8). */
export function challengeShape(authorizationId: string, challenge: Challenge, urls: AcmeUrls): object {
  return {
    type: challenge.type,
    url: urls.challenge(authorizationId, challenge.type),
    status: challenge.status,
    token: challenge.token,
    ...(challenge.validatedAtMs === undefined ? {} : { validated: time(challenge.validatedAtMs) }),
    ...(challenge.error === undefined ? {} : { error: challenge.error }),
  };
}

/** RFC 3339, whole seconds: some clients read no fractions. */
export function time(timestampMs: number): string {
  return `${new Date(timestampMs).toISOString().slice(0, 19)}Z`;
}

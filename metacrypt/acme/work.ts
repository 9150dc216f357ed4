import type { ChallengeType } from "./authorization.ts";
import type { AcmeStore } from "./store/acme-store.ts";

/** Writes down that a challenge is to be validated, so that it happens also after a crash. */
export function addValidation(store: AcmeStore, authorizationId: string, type: ChallengeType): void {
  store.work.put(`validate.${authorizationId}`, { kind: "validate", id: authorizationId, type });
}

/** Writes down that a certificate is to be issued, so that it happens also after a crash. */
export function addIssue(store: AcmeStore, orderId: string): void {
  store.work.put(`issue.${orderId}`, { kind: "issue", id: orderId });
}

export function isWorkOf(store: AcmeStore, orderId: string): boolean {
  return store.work.get(`issue.${orderId}`) !== undefined;
}

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Identity } from "@metacircular/mcdsl/auth/identity.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { Binding } from "./binding.ts";
import { newId } from "./context.ts";
import type { RandomToken } from "./ports.ts";
import type { AcmeStore } from "./store/acme-store.ts";

export interface BindingParts {
  readonly mount: string;
  readonly store: AcmeStore;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: RandomToken;
}

export interface BindingWish {
  /** Name of the platform account; empty: the caller's. */
  readonly account: string;
  /** `human`, `system`; empty: as the caller for the own account, else `system`. */
  readonly kind: string;
  readonly note: string;
}

const hmacKeyBytes = 32;
const noteLengthMaximum = 200;
const accountName = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;

/** Makes a binding: for the own account, or by an administrator for any.
 * @throws DetailedError PERMISSION_DENIED, ACME_BINDING_INVALID */
export function createBinding(parts: BindingParts, wish: BindingWish, caller: Identity): Binding {
  const subject = wish.account === "" ? caller.name : wish.account;
  if (!accountName.test(subject)) throw invalid("its account", subject.slice(0, 128), "name an account");
  if (wish.note.length > noteLengthMaximum) {
    const remedy = `write at most ${noteLengthMaximum} characters`;
    throw invalid("its note", `${wish.note.length} characters`, remedy);
  }
  if (subject !== caller.name) mustBeAdministrator(caller, `make a binding for ${subject}`);
  const kind = kindOf(wish, subject, caller);
  // Rules of the policy may be about a kind.
  if (subject === caller.name && kind !== caller.kind)
    mustBeAdministrator(caller, `act as a ${kind} account`);
  const binding: Binding = {
    keyId: newId(parts.random),
    subject,
    kind,
    hmacKey: parts.random(hmacKeyBytes),
    note: wish.note,
    createdBy: caller.name,
    createdAtMs: parts.clock.now(),
    accounts: 0,
  };
  parts.audit.change(
    {
      actor: caller.name,
      operation: "acme/create-binding",
      mount: parts.mount,
      subject: binding.keyId,
      facts: { account: subject },
    },
    () => parts.store.bindings.put(binding.keyId, binding),
  );
  return binding;
}

function kindOf(wish: BindingWish, subject: string, caller: Identity): Binding["kind"] {
  if (wish.kind === "human" || wish.kind === "system") return wish.kind;
  if (wish.kind !== "") throw invalid("its kind", wish.kind.slice(0, 64), 'use "human" or "system"');
  return subject === caller.name ? caller.kind : "system";
}

/** Newest first; of others' only for administrators. */
export function visibleBindings(store: AcmeStore, caller: Identity): Binding[] {
  return [...store.bindings.values()]
    .filter(({ subject }) => isAdministrator(caller) || subject === caller.name)
    .toSorted((a, b) => b.createdAtMs - a.createdAtMs);
}

/** Revokes a binding and with it the ACME accounts that were opened with it.
 * @throws DetailedError PERMISSION_DENIED, ACME_BINDING_NOT_FOUND */
export function revokeBinding(
  parts: BindingParts,
  keyId: string,
  caller: Identity,
): { readonly binding: Binding; readonly revokedAccounts: number } {
  const { store, audit, clock, mount } = parts;
  const found = /^[a-z0-9]{1,64}$/.test(keyId) ? store.bindings.get(keyId) : undefined;
  if (found === undefined) throw bindingNotFound(keyId);
  if (found.subject !== caller.name) mustBeAdministrator(caller, "revoke a binding of another account");
  if (found.revokedAtMs !== undefined) return { binding: found, revokedAccounts: 0 };
  const entry = { actor: caller.name, operation: "acme/revoke-binding", mount, subject: keyId };
  return audit.change(entry, () => {
    const binding = { ...(store.bindings.get(keyId) ?? found), revokedAtMs: clock.now() };
    store.bindings.put(keyId, binding);
    const bound = [...store.accounts.values()].filter(
      (account) => account.binding?.keyId === keyId && account.status === "valid",
    );
    for (const account of bound) store.saveAccount({ ...account, status: "revoked" });
    return { binding, revokedAccounts: bound.length };
  });
}

function isAdministrator(caller: Identity): boolean {
  return caller.roles.includes("admin");
}

function mustBeAdministrator(caller: Identity, attempted: string): void {
  if (isAdministrator(caller)) return;
  throw new DetailedError({
    code: "PERMISSION_DENIED",
    category: "permission-denied",
    attempted,
    found: `${caller.name} does not have the role admin`,
    remedy: "make bindings for your own account, or ask an administrator",
  });
}

function bindingNotFound(keyId: string): DetailedError {
  return new DetailedError({
    code: "ACME_BINDING_NOT_FOUND",
    category: "not-found",
    attempted: "find the external account binding",
    subject: keyId.slice(0, 64),
    found: "there is none with this key id",
    remedy: "`metacrypt acme binding list` shows them",
  });
}

function invalid(what: string, found: string, remedy: string): DetailedError {
  return new DetailedError({
    code: "ACME_BINDING_INVALID",
    category: "invalid-argument",
    attempted: "make an external account binding by",
    subject: what,
    found: JSON.stringify(found),
    remedy,
  });
}

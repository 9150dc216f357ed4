import type { AcmeAccount } from "../account.ts";
import { readContacts } from "../contact.ts";
import { actorOf, type MountContext, newId } from "../context.ts";
import { verifyExternalBinding } from "../external-binding.ts";
import { AcmeProblem } from "../problem.ts";
import { consume } from "../rate-limit.ts";
import type { AcmeAnswer } from "./answer.ts";
import { type AcmeCall, accountOfKey, checkStatus, payloadOf } from "./call.ts";
import { thumbprintOf } from "./jws.ts";
import { accountShape } from "./shapes.ts";

/** Opens an account, or finds the one that has the key (RFC 8555, sections 7.3 and 7.3.1).
 * @throws AcmeProblem accountDoesNotExist, externalAccountRequired, userActionRequired, … */
export async function newAccount(call: AcmeCall): Promise<AcmeAnswer> {
  const { context } = call;
  const payload = payloadOf(call);
  const existing = await accountOfKey(context, call.signer.jwk);
  if (existing !== undefined) {
    checkStatus(existing);
    return answer(context, existing, 200);
  }
  if (payload["onlyReturnExisting"] === true) {
    throw new AcmeProblem("accountDoesNotExist", "there is no account with this key");
  }
  const account = await prepare(call, payload);
  return answer(context, open(context, account), 201);
}

async function prepare(call: AcmeCall, payload: Readonly<Record<string, unknown>>): Promise<AcmeAccount> {
  const { context, signer } = call;
  const { settings, random, nowMs } = context;
  const contact = readContacts(payload["contact"]);
  const termsOfServiceAgreed = payload["termsOfServiceAgreed"] === true;
  if (settings.termsOfServiceUrl !== "" && !termsOfServiceAgreed) {
    throw new AcmeProblem("userActionRequired", "the terms of service must be agreed to", {
      headers: { link: `<${settings.termsOfServiceUrl}>;rel="terms-of-service"` },
    });
  }
  const given = payload["externalAccountBinding"];
  if (given === undefined && settings.externalAccountRequired) {
    const detail =
      "an account takes an external account binding here: ask the operator for a key identifier and key";
    throw new AcmeProblem("externalAccountRequired", detail);
  }
  const outer = { url: call.url, jwk: signer.jwk };
  const binding = given === undefined ? undefined : await verifyExternalBinding(given, outer, context.store);
  return {
    id: newId(random),
    status: "valid",
    contact,
    termsOfServiceAgreed,
    jwk: signer.jwk,
    thumbprint: await thumbprintOf(signer.jwk),
    ...(binding === undefined ? {} : { binding }),
    createdAtMs: nowMs,
  };
}

function open(
  { ports, store, settings, mount, address, nowMs }: MountContext,
  account: AcmeAccount,
): AcmeAccount {
  const entry = (opened: AcmeAccount) => ({
    actor: actorOf(opened),
    operation: "acme/open-account",
    mount: mount.name,
    subject: opened.binding?.subject ?? "",
    facts: { address, ...(opened.binding === undefined ? {} : { binding: opened.binding.keyId }) },
  });
  return ports.audit.change(entry, () => {
    // Another request with the same key may have been faster.
    const existing = store.accountByKey(account.thumbprint);
    if (existing !== undefined) return existing;
    const perHour = settings.accountsPerAddressHour;
    consume(store, { kind: "new-accounts", key: address, perHour, what: "new accounts" }, nowMs);
    const binding = account.binding === undefined ? undefined : store.bindings.get(account.binding.keyId);
    if (account.binding !== undefined && binding?.revokedAtMs !== undefined) {
      throw new AcmeProblem("unauthorized", "the external account binding was revoked");
    }
    if (binding !== undefined) {
      store.bindings.put(binding.keyId, { ...binding, lastUsedAtMs: nowMs, accounts: binding.accounts + 1 });
    }
    store.saveAccount(account);
    return account;
  });
}

function answer({ urls }: MountContext, account: AcmeAccount, status: number): AcmeAnswer {
  return { status, body: accountShape(account, urls), headers: { location: urls.account(account.id) } };
}

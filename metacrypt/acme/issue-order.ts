import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Issued } from "../ca/issuer.ts";
import type { AcmeAccount } from "./account.ts";
import { readOrderedCertificate } from "./csr.ts";
import type { AcmeOrder } from "./order.ts";
import type { AcmeMount, AcmePorts } from "./ports.ts";
import { AcmeProblem, type ProblemDocument } from "./problem.ts";
import type { AcmeStore } from "./store/acme-store.ts";
import { retentionMs } from "./store/prune.ts";
import { checkPolicy, subjectOf } from "./subject.ts";
import { serialNumberOf } from "./renewal.ts";

/** Issues the certificate of an order that was finalised. What the client or the policy is to blame for makes the
 * order invalid; anything else is thrown, and tried again. After a crash between issuing and writing down the order
 * is issued a second time: the first certificate is known to the authority, but nobody has it. */
export async function issueOrder(
  ports: AcmePorts,
  mount: AcmeMount,
  store: AcmeStore,
  orderId: string,
): Promise<void> {
  const order = store.orders.get(orderId);
  const account = order === undefined ? undefined : store.accounts.get(order.accountId);
  if (order?.stage !== "processing" || account === undefined) {
    return void store.work.delete(`issue.${orderId}`);
  }
  try {
    const issued = await issue(ports, mount, store, order, account);
    complete(ports, mount, store, order, issued);
  } catch (thrown) {
    const problem = clientProblem(thrown);
    if (problem === undefined) throw thrown;
    fail(ports, mount, store, order, problem);
  }
}

async function issue(
  { policy }: AcmePorts,
  mount: AcmeMount,
  store: AcmeStore,
  order: AcmeOrder,
  account: AcmeAccount,
): Promise<Issued> {
  if (account.status !== "valid") throw new AcmeProblem("unauthorized", "the account is not valid any more");
  checkPolicy(policy, mount.name, account, order.identifiers);
  const settings = store.settings();
  const der = Buffer.from(order.csr ?? "", "base64url");
  const { publicKey, commonName } = readOrderedCertificate(der, order.identifiers, account.jwk);
  const { certificateLifetimeSeconds, profile } = settings;
  return mount.issuer.issue({
    profile,
    publicKey,
    names: order.identifiers.map(({ value }) => value),
    requester: subjectOf(account).name,
    ...(commonName === undefined ? {} : { commonName }),
    ...(order.notBeforeMs === undefined ? {} : { notBeforeMs: order.notBeforeMs }),
    ...(order.notAfterMs === undefined ? {} : { notAfterMs: order.notAfterMs }),
    ...(order.notAfterMs === undefined && certificateLifetimeSeconds > 0
      ? { lifetimeMs: certificateLifetimeSeconds * 1_000 }
      : {}),
  });
}

function complete(
  { audit }: AcmePorts,
  mount: AcmeMount,
  store: AcmeStore,
  order: AcmeOrder,
  { serialNumber, notAfterMs }: Issued,
): void {
  const entry = {
    actor: `acme:${order.accountId}`,
    operation: "acme/issue",
    mount: mount.name,
    subject: serialNumber,
    facts: { names: order.identifiers.map(({ value }) => value).join(" "), order: order.id },
  };
  audit.change(entry, () => {
    store.orders.put(order.id, { ...order, stage: "valid", serialNumber });
    store.certificates.put(serialNumber, {
      serialNumber,
      accountId: order.accountId,
      orderId: order.id,
      notAfterMs,
    });
    store.schedule("certificate", serialNumber, notAfterMs + retentionMs);
    store.work.delete(`issue.${order.id}`);
  });
}

function fail(
  { audit }: AcmePorts,
  mount: AcmeMount,
  store: AcmeStore,
  order: AcmeOrder,
  error: ProblemDocument,
): void {
  const entry = {
    actor: `acme:${order.accountId}`,
    operation: "acme/issue",
    mount: mount.name,
    subject: order.id,
    outcome: "refused" as const,
    facts: { names: order.identifiers.map(({ value }) => value).join(" "), problem: error.type },
  };
  audit.change(entry, () => {
    store.orders.put(order.id, { ...order, stage: "invalid", error });
    store.work.delete(`issue.${order.id}`);
    releaseReplaced(store, order);
  });
}

/** A certificate counts as replaced only by an order that isn't invalid (RFC 9773, section 5). */
function releaseReplaced(store: AcmeStore, order: AcmeOrder): void {
  const serialNumber = order.replaces === undefined ? undefined : serialNumberOf(order.replaces);
  const replaced = serialNumber === undefined ? undefined : store.certificates.get(serialNumber);
  if (replaced?.replacedBy !== order.id) return;
  const { replacedBy: _, ...rest } = replaced;
  store.certificates.put(rest.serialNumber, rest);
}

/** Undefined: it is not the client's fault, and may work later. */
function clientProblem(thrown: unknown): ProblemDocument | undefined {
  if (thrown instanceof AcmeProblem) return thrown.document;
  if (!(thrown instanceof DetailedError)) return undefined;
  if (thrown.category !== "invalid-argument" && thrown.category !== "permission-denied") return undefined;
  const type = thrown.category === "permission-denied" ? "unauthorized" : "badCSR";
  return new AcmeProblem(type, thrown.message, { cause: thrown }).document;
}

import { actorOf } from "../context.ts";
import { readOrderedCertificate } from "../csr.ts";
import { type AcmeOrder, orderStatus } from "../order.ts";
import { AcmeProblem } from "../problem.ts";
import { checkPolicy } from "../subject.ts";
import { addIssue } from "../work.ts";
import type { AcmeAnswer } from "./answer.ts";
import { type AcmeCall, callerOf, mustBeEmpty, payloadOf } from "./call.ts";
import { authorizationsOf, ownOrder } from "./own.ts";
import { orderShape } from "./shapes.ts";

const retryAfterS = "1";

/** Shows an order. */
export async function order(call: AcmeCall, [id = ""]: readonly string[]): Promise<AcmeAnswer> {
  mustBeEmpty(call);
  return answer(call, ownOrder(call, id));
}

/** Has the certificate issued (RFC 8555, section 7.4). Usually it is there when this returns; if not, the order is
 * `processing`.
 * @throws AcmeProblem orderNotReady, badCSR */
export async function finalize(call: AcmeCall, [id = ""]: readonly string[]): Promise<AcmeAnswer> {
  const { store, ports, mount, worker, nowMs } = call.context;
  const account = callerOf(call);
  const found = ownOrder(call, id);
  const der = readCsr(payloadOf(call)["csr"]);
  checkReady(call, found);
  readOrderedCertificate(der, found.identifiers, account.jwk);
  checkPolicy(ports.policy, mount.name, account, found.identifiers);
  ports.audit.change(
    { actor: actorOf(account), operation: "acme/finalize", mount: mount.name, subject: id },
    () => {
      // Another request may have finalised it while the signature was checked.
      const current = store.orders.get(id) ?? found;
      checkReady(call, current);
      const expiresAtMs = Math.max(current.expiresAtMs, nowMs);
      store.orders.put(id, { ...current, stage: "processing", expiresAtMs, csr: der.toString("base64url") });
      addIssue(store, id);
    },
  );
  await worker.run(mount, { kind: "issue", id });
  return answer(call, ownOrder(call, id));
}

function checkReady({ context }: AcmeCall, found: AcmeOrder): void {
  const status = orderStatus(found, authorizationsOf(context.store, found), context.nowMs);
  if (status !== "ready") throw new AcmeProblem("orderNotReady", `the order is ${status}, not ready`);
}

const csrLengthMaximum = 32_768;

function readCsr(value: unknown): Buffer {
  const valid =
    typeof value === "string" && /^[A-Za-z0-9_-]+$/.test(value) && value.length <= csrLengthMaximum;
  if (!valid) throw new AcmeProblem("malformed", "csr must be PKCS #10 in base64url");
  return Buffer.from(value, "base64url");
}

function answer({ context }: AcmeCall, found: AcmeOrder): AcmeAnswer {
  const { store, urls, nowMs } = context;
  const authorizations = authorizationsOf(store, found);
  const waits = found.stage === "processing" || orderStatus(found, authorizations, nowMs) === "pending";
  return {
    status: 200,
    body: orderShape(found, authorizations, urls, nowMs),
    headers: { location: urls.order(found.id), ...(waits ? { "retry-after": retryAfterS } : {}) },
  };
}

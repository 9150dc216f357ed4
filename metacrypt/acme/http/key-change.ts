import { isDeepStrictEqual } from "node:util";
import { actorOf } from "../context.ts";
import { AcmeProblem } from "../problem.ts";
import type { AcmeAnswer } from "./answer.ts";
import { type AcmeCall, accountOfKey, callerOf, checkStatus, payloadOf } from "./call.ts";
import { parseObject, publicJwk, readJws, thumbprintOf, verifyJws } from "./jws.ts";
import { accountShape } from "./shapes.ts";

/** Gives the account another key (RFC 8555, section 7.3.5): the outer request is signed with the old key, the inner
 * one with the new key, over the account and the old key.
 * @throws AcmeProblem malformed; 409 where the new key has an account already */
export async function keyChange(call: AcmeCall): Promise<AcmeAnswer> {
  const { context, signer, url } = call;
  const own = callerOf(call);
  const inner = readJws(payloadOf(call));
  const { header } = inner;
  if (!("jwk" in header.key)) throw malformed("the inner JWS must have jwk");
  if (header.nonce !== undefined) throw malformed("the inner JWS must not have a nonce");
  if (header.url !== url) throw malformed("the inner JWS must have the same url as the outer");
  const jwk = header.key.jwk;
  const payload = parseObject(await verifyJws(inner, jwk), "the payload of the inner JWS");
  if (payload["account"] !== context.urls.account(own.id))
    throw malformed("the inner JWS names another account");
  if (!isDeepStrictEqual(publicJwk(payload["oldKey"]), signer.jwk)) {
    throw malformed("oldKey is not the key of the account");
  }
  const holder = await accountOfKey(context, jwk);
  if (holder !== undefined) throw conflict(context.urls.account(holder.id));
  const thumbprint = await thumbprintOf(jwk);
  const changed = context.ports.audit.change(
    { actor: actorOf(own), operation: "acme/change-key", mount: context.mount.name, subject: own.id },
    () => {
      const faster = context.store.accountByKey(thumbprint);
      if (faster !== undefined) throw conflict(context.urls.account(faster.id));
      // It may have been revoked while the inner signature was checked.
      const current = context.store.accounts.get(own.id) ?? own;
      checkStatus(current);
      const next = { ...current, jwk, thumbprint };
      context.store.saveAccount(next);
      return next;
    },
  );
  return { status: 200, body: accountShape(changed, context.urls) };
}

function conflict(location: string): AcmeProblem {
  return new AcmeProblem("malformed", "the new key is the key of an account already", {
    status: 409,
    headers: { location },
  });
}

function malformed(detail: string): AcmeProblem {
  return new AcmeProblem("malformed", detail);
}

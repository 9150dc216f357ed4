import type { JWK } from "jose";
import type { AcmeAccount } from "../account.ts";
import type { MountContext } from "../context.ts";
import { AcmeProblem } from "../problem.ts";
import { parseObject, publicJwk, readJws, thumbprintOf, verifyJws } from "./jws.ts";

/** Who signed a request: an account, or whoever has a key (RFC 8555, section 6.2). */
export type Signer =
  | { readonly account: AcmeAccount; readonly jwk: JWK }
  | { readonly account: undefined; readonly jwk: JWK };

/** A request whose signature, URL and nonce are good. */
export interface AcmeCall {
  readonly context: MountContext;
  readonly signer: Signer;
  /** As the client signed it. */
  readonly url: string;
  /** Undefined: a POST-as-GET (section 6.3). */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
}

/** Authenticates a request.
 * @param accepts which kinds of signer the resource takes
 * @throws AcmeProblem malformed, badSignatureAlgorithm, badPublicKey, badNonce, unauthorized, accountDoesNotExist */
export async function authenticate(
  context: MountContext,
  request: { readonly url: string; readonly body: Uint8Array; readonly accepts: "jwk" | "kid" | "both" },
): Promise<AcmeCall> {
  const jws = readJws(parseObject(request.body, "the request"));
  const { header } = jws;
  const kind = "kid" in header.key ? "kid" : "jwk";
  if (request.accepts !== "both" && kind !== request.accepts) {
    throw new AcmeProblem("malformed", `this request must be signed with ${request.accepts}, not ${kind}`);
  }
  if (header.nonce === undefined) throw new AcmeProblem("badNonce", "the protected header has no nonce");
  const signer = await signerOf(context, header.key);
  const payload = await verifyJws(jws, signer.jwk);
  if (!context.nonces.use(header.nonce)) {
    throw new AcmeProblem("badNonce", "the nonce was used before, is too old, or is not from here");
  }
  if (header.url !== request.url) {
    const detail = `the request is signed for ${JSON.stringify(header.url)}, and was sent to ${request.url}`;
    throw new AcmeProblem("unauthorized", detail, { status: 401 });
  }
  return {
    context,
    signer: stillValid(context, signer),
    url: header.url,
    payload: payload.length === 0 ? undefined : parseObject(payload, "the payload"),
  };
}

/** The account as it is now: it may have been revoked, or have got another key, while the signature was checked. */
function stillValid({ store }: MountContext, signer: Signer): Signer {
  if (signer.account === undefined) return signer;
  const account = store.accounts.get(signer.account.id);
  if (account?.thumbprint !== signer.account.thumbprint) {
    throw new AcmeProblem("unauthorized", "the key of the account was changed", { status: 401 });
  }
  checkStatus(account);
  return { account, jwk: signer.jwk };
}

async function signerOf(
  { store, urls }: MountContext,
  key: { readonly jwk: JWK } | { readonly kid: string },
): Promise<Signer> {
  if ("kid" in key) {
    const id = urls.accountId(key.kid);
    const account = id === undefined ? undefined : store.accounts.get(id);
    if (account === undefined)
      throw new AcmeProblem("accountDoesNotExist", "kid names no account of this server");
    return { account, jwk: account.jwk };
  }
  const jwk = publicJwk(key.jwk);
  return { account: undefined, jwk };
}

/** RFC 8555, section 7.3.6. */
export function checkStatus(account: AcmeAccount): void {
  if (account.status === "valid") return;
  throw new AcmeProblem("unauthorized", `the account is ${account.status}`, { status: 401 });
}

/** The account that a key belongs to. */
export async function accountOfKey({ store }: MountContext, jwk: JWK): Promise<AcmeAccount | undefined> {
  return store.accountByKey(await thumbprintOf(jwk));
}

/** The account of a call that only accounts can make. */
export function callerOf({ signer }: AcmeCall): AcmeAccount {
  if (signer.account !== undefined) return signer.account;
  throw new AcmeProblem("malformed", "this request must be signed with kid");
}

/** The payload of a call that must have one. */
export function payloadOf({ payload }: AcmeCall): Readonly<Record<string, unknown>> {
  if (payload !== undefined) return payload;
  throw new AcmeProblem("malformed", "the payload is empty; an object is expected");
}

/** Reading is by POST-as-GET only (RFC 8555, section 6.3). */
export function mustBeEmpty({ payload }: AcmeCall): void {
  if (payload !== undefined) throw new AcmeProblem("malformed", "the payload must be empty to read this");
}

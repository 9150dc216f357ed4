import type { JWK } from "jose";
import { isDeepStrictEqual } from "node:util";
import type { AccountBinding } from "./account.ts";
import { parseObject, publicJwk, readJws, verifyJws } from "./http/jws.ts";
import { AcmeProblem } from "./problem.ts";
import type { AcmeStore } from "./store/acme-store.ts";

const macAlgorithms = ["HS256", "HS384", "HS512"];

/** Checks an external account binding (RFC 8555, section 7.3.4): signed with the HMAC key of a binding that counts,
 * for this URL, over the account's key.
 * @throws AcmeProblem malformed, badSignatureAlgorithm, unauthorized */
export async function verifyExternalBinding(
  value: unknown,
  outer: { readonly url: string; readonly jwk: JWK },
  store: AcmeStore,
): Promise<AccountBinding> {
  const jws = readJws(value, macAlgorithms);
  const { header } = jws;
  if (header.nonce !== undefined) throw malformed("externalAccountBinding must not have a nonce");
  if (header.url !== outer.url) throw malformed("externalAccountBinding has another url than the request");
  if (!("kid" in header.key)) throw malformed("externalAccountBinding must name its key by kid");
  const { kid } = header.key;
  const binding = /^[a-z0-9]{1,64}$/.test(kid) ? store.bindings.get(kid) : undefined;
  if (binding === undefined || binding.revokedAtMs !== undefined) throw unknown();
  let payload: Buffer;
  try {
    payload = await verifyJws(jws, Buffer.from(binding.hmacKey, "base64url"));
  } catch (cause) {
    // Which of both is wrong is nobody's business.
    if (cause instanceof AcmeProblem) throw unknown(cause);
    throw cause;
  }
  const jwk = publicJwk(parseObject(payload, "the payload of externalAccountBinding"));
  if (!isDeepStrictEqual(jwk, outer.jwk)) throw malformed("externalAccountBinding is over another key");
  return { keyId: binding.keyId, subject: binding.subject, kind: binding.kind, jws: value };
}

function unknown(cause?: unknown): AcmeProblem {
  const detail = "the key identifier of the external account binding is not known, or its HMAC key is wrong";
  return new AcmeProblem("unauthorized", detail, cause === undefined ? {} : { cause });
}

function malformed(detail: string): AcmeProblem {
  return new AcmeProblem("malformed", detail);
}

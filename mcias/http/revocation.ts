import type { TokenRevoker } from "../tokens/revoke.ts";
import { addressOf } from "./address.ts";
import type { Callers } from "./caller.ts";
import { readForm } from "./form-body.ts";
import { HttpError } from "./http-error.ts";
import { sendJson } from "./respond.ts";
import type { Handler } from "./router.ts";

/** RFC 7009. A token that is no token is answered as success: there is nothing left to do. */
export function revocationHandler(parts: { callers: Callers; revoker: TokenRevoker }): Handler {
  return async (request, response) => {
    const form = await readForm(request);
    const clientId = await parts.callers.requireClient(request, form, "token-revoked");
    const token = form.get("token");
    if (token === undefined) throw new HttpError(400, "invalid_request", "token is required");
    const target = await parts.revoker.find(token);
    if (target !== undefined && target.clientId !== clientId) {
      throw new HttpError(400, "invalid_grant", "the token was issued to another client");
    }
    if (target !== undefined) parts.revoker.revoke(target, { clientId, address: addressOf(request) });
    sendJson(response, 200, {});
  };
}

import type { TokenInspector } from "../tokens/inspect.ts";
import { bearerTokenOf } from "./client-credentials.ts";
import { HttpError } from "./http-error.ts";
import { sendJson } from "./respond.ts";
import type { Handler } from "./router.ts";

/** Tells the holder of a token who they are; any account may ask about its own token. */
export function userinfoHandler(inspector: TokenInspector): Handler {
  return async (request, response) => {
    const token = bearerTokenOf(request);
    const inspection = token === undefined ? undefined : await inspector.inspect(token);
    if (inspection?.active !== true) {
      throw new HttpError(401, "invalid_token", "the token is not active", {
        "www-authenticate": 'Bearer realm="mcias", error="invalid_token"',
      });
    }
    const { account } = inspection;
    sendJson(response, 200, {
      sub: account.name,
      username: account.name,
      account_type: account.kind,
      roles: account.roles,
      exp: Math.floor(inspection.token.expiresAtMs / 1000),
    });
  };
}

import { errors, type TokenEndpointGrantContext } from "oidc-provider";
import type { PasswordLogin } from "../login/password-login.ts";
import { addressOf } from "../http/address.ts";
import { AUDIENCE, SCOPE } from "../tokens/claims.ts";
import { PASSWORD_GRANT } from "./clients.ts";
import { LoginError, refusalOf } from "./login-error.ts";
import { createGrant } from "./logins.ts";
import type { ResourceServer } from "oidc-provider";

/** Parameters of the grant: those of RFC 6749 section 4.3.2, and which service the login is for. */
export const PASSWORD_GRANT_PARAMETERS = ["username", "password", "service_name", "tags"] as const;

export type PasswordGrantParameters = { [Name in (typeof PASSWORD_GRANT_PARAMETERS)[number]]?: string };

/**
 * Handles `grant_type=password`, for our own command line. Answers with an access token and a
 * refresh token. The token endpoint has authenticated the client before.
 */
export function passwordGrantHandler(login: PasswordLogin, resourceServer: ResourceServer) {
  return async (ctx: TokenEndpointGrantContext<PasswordGrantParameters>): Promise<void> => {
    const { provider, client, params } = ctx.oidc;
    const { username, password } = params;
    if (!username || !password) throw new errors.InvalidRequest("username and password are required");
    const outcome = await login.attempt({
      event: "login",
      username,
      password,
      address: addressOf(ctx.req),
      clientId: client.clientId,
      serviceName: params.service_name,
      tags: params.tags,
    });
    if (outcome.kind !== "ok") {
      const refusal = refusalOf(outcome);
      if (refusal.retryAfterSeconds !== undefined) ctx.set("retry-after", String(refusal.retryAfterSeconds));
      throw new LoginError(refusal);
    }
    const accountId = outcome.account.name;
    const grantId = await createGrant(provider, outcome.account, new Set());
    const source = { client, accountId, grantId, gty: PASSWORD_GRANT, scope: SCOPE };
    const accessToken = new provider.AccessToken({
      ...source,
      resourceServer: new provider.ResourceServer(AUDIENCE, resourceServer),
    });
    const refreshToken = new provider.RefreshToken({ ...source, resource: AUDIENCE });
    ctx.body = {
      access_token: await accessToken.save(),
      token_type: accessToken.tokenType,
      expires_in: accessToken.expiration,
      refresh_token: await refreshToken.save(),
      scope: SCOPE,
    };
  };
}

import { errors, type TokenEndpointGrantContext } from "oidc-provider";
import { loginSource } from "../login/login-source.ts";
import type { PasswordLogin } from "../login/password-login.ts";
import { addressOf } from "../http/address.ts";
import { AUDIENCE, SCOPE } from "../tokens/claims.ts";
import type { TokenInspector } from "../tokens/inspect.ts";
import { PASSWORD_GRANT } from "./clients.ts";
import { LoginError, refusalOf } from "./login-error.ts";
import { createGrant } from "./logins.ts";
import type { ResourceServer } from "oidc-provider";

/** Parameters of the grant: those of RFC 6749 section 4.3.2, which service the login is for, and where it comes from:
 * the address of the service's client, believed with an access token of the service (`actor_token` as in RFC 8693). */
export const PASSWORD_GRANT_PARAMETERS = [
  "username",
  "password",
  "service_name",
  "tags",
  "client_address",
  "actor_token",
] as const;

export type PasswordGrantParameters = { [Name in (typeof PASSWORD_GRANT_PARAMETERS)[number]]?: string };

/**
 * Handles `grant_type=password`, for our own command line. Answers with an access token and a
 * refresh token. The token endpoint has authenticated the client before.
 */
export function passwordGrantHandler(
  { login, inspector }: { login: PasswordLogin; inspector: TokenInspector },
  resourceServer: ResourceServer,
) {
  return async (ctx: TokenEndpointGrantContext<PasswordGrantParameters>): Promise<void> => {
    const { provider, client, params } = ctx.oidc;
    const { username, password } = params;
    if (!username || !password) throw new errors.InvalidRequest("username and password are required");
    const source = await loginSource(inspector, addressOf(ctx.req), {
      clientAddress: params.client_address,
      actorToken: params.actor_token,
    });
    if (typeof source === "string") throw new errors.InvalidRequest(source);
    const outcome = await login.attempt({
      event: "login",
      username,
      password,
      ...source,
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
    const common = { client, accountId, grantId, gty: PASSWORD_GRANT, scope: SCOPE };
    const accessToken = new provider.AccessToken({
      ...common,
      resourceServer: new provider.ResourceServer(AUDIENCE, resourceServer),
    });
    const refreshToken = new provider.RefreshToken({ ...common, resource: AUDIENCE });
    ctx.body = {
      access_token: await accessToken.save(),
      token_type: accessToken.tokenType,
      expires_in: accessToken.expiration,
      refresh_token: await refreshToken.save(),
      scope: SCOPE,
    };
  };
}

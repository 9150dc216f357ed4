import type Provider from "oidc-provider";
import type { Account } from "../accounts/account.ts";
import { PUBLIC_CLIENT_ID } from "../client/public-client.ts";
import { AUDIENCE, SCOPE } from "../tokens/claims.ts";

/** Stores that the account has logged in with the command line's client; tokens refer to it. */
export async function createGrant(
  provider: Provider,
  account: Account,
  scopes: ReadonlySet<string>,
): Promise<string> {
  const grant = new provider.Grant({ accountId: account.name, clientId: PUBLIC_CLIENT_ID });
  grant.addResourceScope(AUDIENCE, SCOPE);
  if (scopes.has("openid")) grant.addOIDCScope("openid");
  return grant.save();
}

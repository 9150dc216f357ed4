import type { AllClientMetadata } from "oidc-provider";
import { isAccountName } from "../accounts/account.ts";
import { PUBLIC_CLIENT_ID } from "../client/public-client.ts";
import type { AccountStore } from "../accounts/account-store.ts";
import { SIGNING_ALGORITHM } from "../keys/signing-key.ts";

export const PASSWORD_GRANT = "password";
export const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

const COMMON = {
  redirect_uris: [],
  response_types: [],
  id_token_signed_response_alg: SIGNING_ALGORITHM,
} satisfies AllClientMetadata;

/** A command line on somebody's machine can't keep a secret, so it has none. */
const PUBLIC_CLIENT: AllClientMetadata = {
  ...COMMON,
  client_id: PUBLIC_CLIENT_ID,
  client_name: "mcp command line",
  application_type: "native",
  token_endpoint_auth_method: "none",
  grant_types: [PASSWORD_GRANT, DEVICE_GRANT, "refresh_token"],
};

/** OAuth clients: the public one of the command line, and every active system account. */
export class ClientDirectory {
  readonly #accounts: AccountStore;

  constructor(accounts: AccountStore) {
    this.#accounts = accounts;
  }

  find(clientId: string): AllClientMetadata | undefined {
    if (clientId === PUBLIC_CLIENT_ID) return PUBLIC_CLIENT;
    if (!isAccountName(clientId)) return undefined;
    const account = this.#accounts.find(clientId);
    const secretHash = this.#accounts.credentials(clientId)?.secretHash;
    if (account === undefined || account.disabled || secretHash === undefined || secretHash === null) {
      return undefined;
    }
    return {
      ...COMMON,
      client_id: clientId,
      client_secret: secretHash,
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: ["client_credentials"],
    };
  }
}

import { isIP } from "node:net";
import { sourceOf } from "@metacircular/mcdsl/auth/address-limit.ts";
import type { TokenInspector } from "../tokens/inspect.ts";

/** Where somebody logs in from. */
export interface LoginSource {
  /** Of the human's program. */
  readonly address: string;
  /** The system account of the service that passes the login on; undefined: the human's program asks by itself. */
  readonly via: string | undefined;
}

/** Failures that a service passes on count for themselves: it can neither block somebody's address for all services
 * nor be blocked by what others do to it. */
export function limitKeyOf({ address, via }: LoginSource): string {
  return via === undefined ? address : `${via} ${sourceOf(address)}`;
}

/**
 * Where a login comes from. A service that takes user names and passwords passes on its client's address, else all its
 * clients would share the limit of the service's own. Only a system account is believed that, by an access token of its
 * own.
 * @param connection the address that the request itself comes from
 * @returns a text where the claim is refused: why
 */
export async function loginSource(
  inspector: Pick<TokenInspector, "inspect">,
  connection: string,
  claim: { readonly clientAddress: string | undefined; readonly actorToken: string | undefined },
): Promise<LoginSource | string> {
  const { clientAddress, actorToken } = claim;
  if (clientAddress === undefined && actorToken === undefined) return { address: connection, via: undefined };
  if (clientAddress === undefined || isIP(clientAddress) === 0 || clientAddress.includes("%")) {
    return "client_address must be an IP address";
  }
  const inspection = actorToken === undefined ? undefined : await inspector.inspect(actorToken);
  if (inspection?.active !== true || inspection.account.kind !== "system") {
    return "only a system account, by its actor_token, may say where a login comes from";
  }
  return { address: clientAddress, via: inspection.account.name };
}

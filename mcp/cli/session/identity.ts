import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createIdentityClient, type IdentityClient, type Tokens } from "@metacircular/mcias/client.ts";

import type { CliConfig } from "../config/load.ts";
import type { Invocation } from "../invocation.ts";
import type { StoredToken } from "./token-file.ts";

/** The identity service of the configuration, and its address.
 * @throws DetailedError IDENTITY_NOT_CONFIGURED */
export function connectIdentity(
  config: CliConfig,
  { clock }: Invocation,
): { issuer: string; identity: IdentityClient } {
  const { issuer, caFile } = config.identity;
  if (issuer === undefined) {
    throw new DetailedError({
      code: "IDENTITY_NOT_CONFIGURED",
      category: "failed-precondition",
      attempted: "ask the identity service",
      found: `${config.file} does not name one`,
      remedy: "set server_url in [mcias], or give a token in MCP_TOKEN",
    });
  }
  return { issuer, identity: createIdentityClient({ issuer, caFile, clock }) };
}

/** Tokens as they are stored. */
export function toStored(tokens: Tokens, issuer: string, account: string): StoredToken {
  const { accessToken, refreshToken = "", expiresAtMs } = tokens;
  return { accessToken, refreshToken, expiresAtMs, issuer, account };
}

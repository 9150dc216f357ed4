import type { AddressPolicy } from "@metacircular/mcdsl/auth/address-limit.ts";
import type { TokenVerifier } from "@metacircular/mcdsl/auth/identity.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { HttpHandler } from "@metacircular/mcdsl/rest/gateway.ts";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import type { IdentityClient } from "@metacircular/mcias/client.ts";
import type { Audit } from "../audit/audit.ts";
import { openRules, type Rules } from "../policy/rules.ts";
import { createFindCaller } from "../token/callers.ts";
import { createTokenHandler, TOKEN_PATH } from "../token/handler.ts";
import { createLoginLimit, type LoginLimit } from "../token/login-limit.ts";
import { createPasswordLogins } from "../token/password-logins.ts";
import { createRegistryTokens } from "../token/registry-tokens.ts";
import { openTokenKeys } from "../token/token-keys.ts";
import type { Authenticator, Caller, Grants } from "./access.ts";
import { createAuthenticator } from "./authenticator.ts";
import { grantsFor } from "./grants.ts";

/** All that decides who may do what in the registry. */
export interface AccessControl {
  readonly rules: Rules;
  readonly authenticator: Authenticator;
  /** Answers the token endpoint. */
  readonly tokenHandler: HttpHandler;
  /** To be shared with every other place that takes passwords. */
  readonly loginLimit: LoginLimit;
  /** What an account may do that was identified in another way, such as by a session of the web pages. */
  grantsOf(caller: Caller): Grants;
}

/** @param stack closes what this opens
 * @throws DetailedError where the database cannot serve */
export async function openAccessControl(
  parts: {
    readonly sql: SqlDatabase;
    readonly audit: Audit;
    readonly logger: Logger;
    readonly clock: Clock;
    /** Of tokens of the identity service. */
    readonly identities: TokenVerifier;
    readonly identity: IdentityClient;
    /** The token of the registry's own system account. */
    readonly ownToken: () => Promise<string>;
    /** What logins are for, as MCIAS records it. */
    readonly serviceName: string;
    /** Origin under which clients reach the registry. */
    readonly externalUrl: string;
    /** Wrong passwords from one address. */
    readonly loginPolicy: AddressPolicy;
  },
  stack: AsyncDisposableStack,
): Promise<AccessControl> {
  const { sql, audit, logger, clock, identities, identity, ownToken, serviceName, externalUrl } = parts;
  const rules = stack.use(await openRules({ sql, clock, logger, audit }));
  const service = new URL(externalUrl).host;
  const keys = openTokenKeys({ sql, clock });
  const tokens = createRegistryTokens({ keys, issuer: externalUrl, service, clock });
  const loginLimit = createLoginLimit(parts.loginPolicy, clock);
  const logins = createPasswordLogins({
    identity,
    limit: loginLimit,
    serviceName,
    ownToken,
    clock,
    logger,
  });
  const findCaller = createFindCaller({ logins, identities });
  const realm = new URL(TOKEN_PATH, externalUrl).href;
  return {
    rules,
    authenticator: createAuthenticator({ rules, tokens, identities, realm, service }),
    tokenHandler: createTokenHandler({ rules, tokens, findCaller, service, audit, logger, clock }),
    loginLimit,
    grantsOf: (caller) => grantsFor(caller, rules),
  };
}

import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import Provider, { type Configuration, type KoaContextWithOIDC, type ResourceServer } from "oidc-provider";
import { clientSecretMatches } from "../accounts/client-secret.ts";
import type { AccountStore } from "../accounts/account-store.ts";
import type { ActiveKey } from "../keys/key-ring.ts";
import { SIGNING_ALGORITHM } from "../keys/signing-key.ts";
import type { PasswordLogin } from "../login/password-login.ts";
import { AUDIENCE, SCOPE } from "../tokens/claims.ts";
import type { TokenInspector } from "../tokens/inspect.ts";
import { type AdapterParts, createAdapterFactory } from "./adapter.ts";
import { recordDenials, type TokenRecorder } from "./decisions.ts";
import { PASSWORD_GRANT } from "./clients.ts";
import {
  PASSWORD_GRANT_PARAMETERS,
  type PasswordGrantParameters,
  passwordGrantHandler,
} from "./password-grant.ts";

export interface Lifetimes {
  readonly accessMs: number;
  readonly refreshMs: number;
}

export interface ProviderParts extends AdapterParts {
  readonly issuer: string;
  readonly lifetimes: Lifetimes;
  readonly accounts: AccountStore;
  readonly login: PasswordLogin;
  readonly inspector: TokenInspector;
  readonly recorder: TokenRecorder;
  readonly logger: Logger;
  /** Signs the library's cookies, which none of the routes we serve uses. */
  readonly cookieKey: string;
}

const DEVICE_CODE_LIFETIME_SECONDS = 600;

const SECRET_METHODS = ["client_secret_basic", "client_secret_post"] as const;

/** The OAuth library, set up for one signing key. */
export function createProvider(parts: ProviderParts, key: ActiveKey): Provider {
  const resourceServer: ResourceServer = {
    scope: SCOPE,
    audience: AUDIENCE,
    accessTokenFormat: "jwt",
    accessTokenTTL: seconds(parts.lifetimes.accessMs),
    jwt: { sign: { alg: SIGNING_ALGORITHM, kid: key.kid } },
  };
  const provider = new Provider(parts.issuer, configuration(parts, key, resourceServer));
  provider.registerGrantType<PasswordGrantParameters>(
    PASSWORD_GRANT,
    passwordGrantHandler(parts, resourceServer),
    PASSWORD_GRANT_PARAMETERS,
  );
  provider.Client.prototype.compareClientSecret = compareClientSecret;
  provider.use(describeOnlyWhatIsServed);
  recordDenials(provider, parts.recorder);
  provider.on("server_error", (ctx, error) => {
    parts.logger.error({ error, path: ctx.path, method: ctx.method }, "request failed");
  });
  return provider;
}

/** Our accounts have the hash of their secret where the library expects the secret. */
function compareClientSecret(this: { readonly clientSecret?: string | undefined }, secret: string): boolean {
  return clientSecretMatches(this.clientSecret ?? "", secret);
}

function configuration(parts: ProviderParts, key: ActiveKey, resourceServer: ResourceServer): Configuration {
  const { accounts, lifetimes, issuer } = parts;
  const accessSeconds = seconds(lifetimes.accessMs);
  const refreshSeconds = seconds(lifetimes.refreshMs);
  return {
    adapter: createAdapterFactory(parts),
    jwks: { keys: [{ ...key.privateJwk }] },
    cookies: { keys: [parts.cookieKey] },
    responseTypes: [],
    scopes: ["openid"],
    claims: { openid: ["sub"] },
    clientAuthMethods: [...SECRET_METHODS, "none"],
    enabledJWA: { idTokenSigningAlgValues: [SIGNING_ALGORITHM] },
    formats: {
      customizers: {
        jwt: (ctx, token, parts_) => parts.recorder.issued(ctx, token, parts_.payload, key.kid),
      },
    },
    discovery: {
      introspection_endpoint_auth_methods_supported: SECRET_METHODS,
      revocation_endpoint_auth_methods_supported: [...SECRET_METHODS, "none"],
      introspection_endpoint: `${issuer}/introspect`,
      revocation_endpoint: `${issuer}/revoke`,
      userinfo_endpoint: `${issuer}/userinfo`,
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      dPoP: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true, deviceInfo },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => resourceServer,
      },
    },
    findAccount: (_ctx, name) => {
      const account = accounts.find(name);
      if (account === undefined || account.disabled || account.kind !== "human") return undefined;
      return { accountId: name, claims: () => ({ sub: name }) };
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessSeconds,
      ClientCredentials: accessSeconds,
      IdToken: accessSeconds,
      DeviceCode: DEVICE_CODE_LIFETIME_SECONDS,
      Grant: refreshSeconds,
      RefreshToken: (_ctx, token) => Math.max(1, refreshSeconds - token.totalLifetime()),
      Interaction: DEVICE_CODE_LIFETIME_SECONDS,
      Session: DEVICE_CODE_LIFETIME_SECONDS,
    },
  };
}

/** Shown to the human who approves, to compare with where they started the login. */
function deviceInfo(ctx: KoaContextWithOIDC): { address: string; userAgent: string } {
  return {
    address: ctx.req.socket.remoteAddress ?? "unknown",
    userAgent: ctx.get("user-agent").slice(0, 200),
  };
}

/** There is no browser redirect flow, so its endpoint must not be announced (RFC 8414 section 2). */
async function describeOnlyWhatIsServed(
  ctx: KoaContextWithOIDC,
  next: () => Promise<unknown>,
): Promise<void> {
  await next();
  if (ctx.oidc.route === "discovery" && typeof ctx.body === "object" && ctx.body !== null) {
    Reflect.deleteProperty(ctx.body, "authorization_endpoint");
  }
}

function seconds(durationMs: number): number {
  return Math.floor(durationMs / 1000);
}

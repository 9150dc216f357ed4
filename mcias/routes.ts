import { createHealth, healthHandler } from "@metacircular/mcdsl/health/health.ts";
import type { AnonymousRefusals } from "./audit/anonymous-refusals.ts";
import type { Config } from "./config.ts";
import { FormGuard } from "@metacircular/mcdsl/web/form-guard.ts";
import { devicePageHandlers } from "./device/handler.ts";
import { deviceStartHandler } from "./device/start.ts";
import { Callers } from "./http/caller.ts";
import { introspectionHandler } from "./http/introspection.ts";
import { keySetHandler } from "./http/key-set.ts";
import { revocationHandler } from "./http/revocation.ts";
import type { Handler, Routes } from "./http/router.ts";
import { userinfoHandler } from "./http/userinfo.ts";
import type { AddressLimit } from "@metacircular/mcdsl/auth/address-limit.ts";
import type { PasswordLogin } from "./login/password-login.ts";
import type { CurrentProvider } from "./provider/current-provider.ts";
import type { Stores } from "./stores.ts";

/** Everything that the server answers. */
export function createRoutes(parts: {
  config: Config;
  stores: Stores;
  addresses: AddressLimit;
  refusals: AnonymousRefusals;
  login: PasswordLogin;
  currentProvider: () => Promise<CurrentProvider>;
}): Routes {
  const { config, stores, currentProvider, addresses, refusals, login } = parts;
  const { accounts, inspector, revoker, audit, keys, clock } = stores;
  const callers = new Callers({ accounts, inspector, refusals });
  const { issuer } = config.server;
  const oauth: Handler = async (request, response) => (await currentProvider()).handle(request, response);
  const device = devicePageHandlers({
    currentProvider,
    login,
    addresses,
    refusals,
    audit,
    clock,
    guard: new FormGuard("__Host-mcias-form"),
  });
  const health = healthHandler(createHealth({ database: () => void accounts.find("health") }));
  return {
    "/.well-known/openid-configuration": { GET: oauth },
    "/.well-known/oauth-authorization-server": { GET: oauth },
    "/jwks": { GET: keySetHandler(keys) },
    "/token": { POST: oauth },
    "/device/auth": { POST: deviceStartHandler(oauth, clock) },
    "/device": { GET: device.show, POST: device.submit },
    "/introspect": { POST: introspectionHandler({ callers, inspector, audit, issuer }) },
    "/revoke": { POST: revocationHandler({ callers, revoker }) },
    "/userinfo": { GET: userinfoHandler(inspector), POST: userinfoHandler(inspector) },
    "/healthz": { GET: async (request, response) => void (await health(request, response)) },
  };
}
